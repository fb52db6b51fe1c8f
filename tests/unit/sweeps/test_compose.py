"""What is composed from a template is what Hydra composes, whatever is overridden."""

import pytest
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict

from sweep.config.compose import CONF, own_part, parse
from sweep.errors import UserError
from sweep.sweeps import compose
from sweep.sweeps.compose import Composer

GROUPS = {
    each.name: sorted(file.stem for file in each.glob("*.yaml"))
    for each in CONF.iterdir()
    if each.is_dir() and each.name not in ("hydra", "sweeps")
}
# A choice of each group, most at night, with values that every choice has.
CHOICES = [
    pytest.param(
        (f"{group}={names[-1]}", "seed=3", "optim.lr=0.25", "batch_size=20"),
        marks=[pytest.mark.nightly] * (group not in ("model", "optim", "experiment")),
    )
    for group, names in GROUPS.items()
]
OTHERS = [
    (),
    ("schedule=step", "loss=l2", "dataset=csv", "dataset.train=a.csv", "dataset.test_size=9"),
    ("model=lenet", "model.hidden=[3,4]", "model.dropout=0.5", "epochs=2"),
    ("epochs=2", "epochs=3"),  # the last one counts
    ("context=null",),
    ("augment.flip=true", "augment.flip=null", "figures=false"),
    ("tracking.experiment='a b, c'", 'tracking.uri="http://x/?a=b"'),
    ("metrics=[accuracy,macro_f1]", "monitor=val/macro_f1"),
    ("+model.width=3",),
    ("model=custom", "model._target_=nets.Net", "+model.width=16", "++model.depth=2"),
    ("model=custom", "model._target_=nets.Net", "+model.size={a: 1}", "+model.size.b=2"),
    ("+seed=3",),
    ("++seed=3",),
    ("++augment.crop=2", "augment.crop=1"),
    ("~preset", "seed=1"),
    ("~augment.crop", "augment.crop=1"),
    ("augment={flip: true, crop: 2}", "seed=1"),
    ("augment={flip: true}", "augment.crop=1"),
    ("optim.wd=${optim.lr}", "optim.lr=0.5"),
    ("optim.wd='${optim.lr}'",),
    ("epochs=???",),
    ("hydra.sweep.dir=elsewhere", "seed=2"),
    ("hydra.job.name=another", "hydra.job.config.override_dirname.exclude_keys=[seed]", "seed=2"),
    ("experiment=book_mlp", "optim.lr=0.3", "model.hidden=[7]"),
    ("optim@optim=adam", "seed=1"),
    ("optim=adam", "model=lenet", "optim.lr=0.3", "model.hidden=[4]"),
    ("optim.lr=1", "optim=adam"),  # a group leaves the value that was set before it
    ("epochs='1'", "figures='true'"),
    ("optim.lr=inf", "optim.wd=nan"),
    ("+model.sizes=[[1,2],[3,[4]]]", "seed=1"),
    ("+model.sizes=[[1,'${seed}']]", "seed=1"),
    ("+model.sizes=[{a: 1}]", "seed=1"),
    ("hydra/launcher=basic", "seed=1"),
    ("model.hidden.0=3",),
    ("optim=null", "seed=1"),
    ("model=nothing", "seed=1"),
    ("optim.nothing=1",),
    ("seed.deeper=1",),
    ("batch_size=-1", "optim.lr=high", "schedule.warmup_epochs=20"),
]


@pytest.fixture(scope="module")
def hydra():
    """Hydra's loader, and its configuration of a sweep."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        yield loader, loader.load_configuration("config", ["seed=0,1"], RunMode.MULTIRUN)


@pytest.fixture(scope="module")
def composer(hydra):
    return Composer(*hydra)


def outcome(composed, config):
    """Return what two functions return, or what they raise."""
    try:
        whole = composed()
        whole.hydra.runtime.cwd = "."  # each test has a folder of its own
        return OmegaConf.to_container(whole, resolve=False), config(whole)
    except (UserError, HydraException, ValueError) as error:
        return type(error), str(error).partition("\n(in the combination")[0]


@pytest.mark.parametrize("overrides", [*CHOICES, *OTHERS], ids=" ".join)
def test_a_run_is_composed_as_hydra_does_it(hydra, composer, overrides):
    loader, master = hydra

    def by_hydra():
        composed = loader.load_sweep_config(master, list(overrides))
        with open_dict(composed):
            composed.hydra.job.num, composed.hydra.job.id = 7, "7"
        return composed

    truth = outcome(by_hydra, lambda composed: parse(own_part(composed)))
    found = outcome(
        lambda: composer.composed(7, overrides), lambda _: composer.job(7, overrides).config
    )
    assert found == truth


def test_a_reference_in_a_file_of_ones_own_is_to_what_a_run_has(tmp_path):
    (tmp_path / "optim").mkdir()
    text = (CONF / "optim" / "sgd.yaml").read_text()
    assert "wd: 0" in text
    (tmp_path / "optim" / "mine.yaml").write_text(text.replace("wd: 0", "wd: ${optim.lr} #"))
    places = create_config_search_path(str(CONF))
    places.prepend("command-line", f"file://{tmp_path}")
    loader = ConfigLoaderImpl(places)
    master = loader.load_configuration("config", ["seed=0,1"], RunMode.MULTIRUN)
    composer = Composer(loader, master)
    rates = [0.5, 0.25]
    jobs = [composer.job(0, ["optim=mine", f"optim.lr={rate}"]) for rate in rates]
    assert [each.config.optim.wd for each in jobs] == rates


def test_what_is_used_stays_and_what_fails_is_tried_once(hydra, monkeypatch):
    monkeypatch.setattr(compose, "MOST_TEMPLATES", 2)
    composer, composed = Composer(*hydra), []
    load = composer.loader.load_sweep_config
    monkeypatch.setattr(
        composer.loader,
        "load_sweep_config",
        lambda *given: composed.append(" ".join(given[1])) or load(*given),
    )
    for model in ("mlp", "lenet", "mlp", "resnet20", "mlp"):
        composer.values([f"model={model}", "seed=1"])
    assert composed == ["model=mlp", "model=lenet", "model=resnet20"]
    composed.clear()
    for seed in (1, 2):
        with pytest.raises(HydraException):
            composer.values(["model=nothing", f"seed={seed}"])
    assert composed == ["model=nothing", "model=nothing seed=1", "model=nothing seed=2"]


def test_equal_sections_are_checked_once_and_shared(composer):
    first, second = (composer.job(0, [f"seed={seed}", "optim.lr=0.1"]).config for seed in (1, 2))
    assert first.optim is second.optim
    assert (first.seed, second.seed) == (1, 2)


def test_hydra_composes_once_for_each_choice_of_groups(hydra, monkeypatch):
    composer, composed = Composer(*hydra), []
    load = composer.loader.load_sweep_config
    monkeypatch.setattr(
        composer.loader,
        "load_sweep_config",
        lambda *given: composed.append(given[1]) or load(*given),
    )
    jobs = [
        composer.job(number, [f"model={model}", f"seed={seed}"])
        for number, (model, seed) in enumerate([("mlp", 0), ("lenet", 0), ("mlp", 1), ("mlp", 2)])
    ]
    assert composed == [["model=mlp"], ["model=lenet"]]
    assert [each.number for each in composer.one_of_each(jobs)] == [0, 1]


def test_one_composed_configuration_is_no_other_ones(composer):
    job = composer.job(0, ["seed=5"])
    job.composed.optim.lr = 100
    assert job.composed.optim.lr == composer.job(1, ["seed=6"]).composed.optim.lr == 0.1
