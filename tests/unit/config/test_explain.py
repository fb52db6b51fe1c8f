import pytest

from sweep.config.compose import GROUP_KEYS, fields, load
from sweep.config.explain import no_field
from sweep.config.synonyms import ALSO_CALLED, meant_by
from sweep.errors import UserError


def answer(*overrides):
    with pytest.raises(UserError) as raised:
        load(*overrides)
    return str(raised.value)


@pytest.mark.parametrize(
    ("override", "field"),
    [
        ("learning_rate=0.1", "optim.lr"),
        ("optim.learning_rate=0.1", "optim.lr"),
        ("optimizer.lr=0.1", "optim.lr"),
        ("optimizer.momentum=0.5", "optim.momentum"),
        ("hp.learning_rate=0.1", "optim.lr"),
        ("weight_decay=0.1", "optim.wd"),
        ("++optim.weight_decay=0.1", "optim.wd"),
        ("model.layers=3", "model.hidden"),
        ("model.units=3", "model.hidden"),
        ("gpu=1", "context"),
        ("hydra.sweeper.max_batch_size=1", "n_jobs"),
        ("hydra.launcher.n_jobs=2", "n_jobs"),
        ("hydra.sweeper.study_name=a", "search.study"),
        ("model.drop_out=0.1", "model.dropout"),
        ("lerning_rate=0.1", "optim.lr"),
        ("optimizer.name=adam", "optim"),
        ("dataset.type=mnist", "dataset"),
        ("dataset.path=a", "dataset.root"),
        ("scheduler.step_size=3", "schedule.every"),
        ("criterion=l2", "loss"),
        ("name=a", "tracking.experiment"),
        ("Epochs=3", "epochs"),
        ("batch-size=3", "batch_size"),
    ],
)
def test_a_field_by_another_name_that_is_usual(override, field):
    key = override.lstrip("+").partition("=")[0]
    expected = f"{key} is not a field of the configuration (did you mean {field}?)"
    assert answer(override) == expected


KNOWN = [*fields(), *GROUP_KEYS]


@pytest.mark.parametrize(
    ("key", "field"),
    [
        *(("hidden_size", "model.hidden"), ("units", "model.hidden"), ("layers", "model.hidden")),
        *(("batch", "batch_size"), ("bs", "batch_size"), ("iterations", "epochs")),
        *(("device", "context"), ("ctx", "context"), ("dropout", "model.dropout")),
        *(("training.batch_size", "batch_size"), ("data.val_split", "dataset.val_size")),
        *(("optimizer", "optim"), ("network", "model"), ("scheduler", "schedule")),
        *(("network.units", "model.hidden"), ("opt.weight_decay", "optim.wd")),
        *(("num_workers", "n_jobs"), ("patience", "early_stopping.patience")),
        # a name says what is meant only with what has it
        *(("training.optimizer.name", "optim"), ("sampler.name", "search.sampler")),
        *(("activation.name", "model.activation"), ("model.type", "model")),
        *(("study.name", "search.study"), ("search.name", "search.study")),
        *((f"{each}.name", "tracking.experiment") for each in ("experiment", "run", "project")),
        *(("augmentation.name", None), ("foo.name", None)),
        *(("optim.decay_rate", "schedule.gamma"), ("optim.nesterov", None), ("nesterov", None)),
        ("zzzzzz", None),
    ],
)
def test_what_is_meant(key, field):
    assert meant_by(key, KNOWN) == field


def test_all_that_is_suggested_is_there():
    assert sorted({*ALSO_CALLED} - {*KNOWN}) == []


def test_each_name_means_one_field():
    names = [name for each in ALSO_CALLED.values() for name in each.split()]
    assert sorted(names) == sorted({*names})


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("model=mlp", "model.pool_size=3"),
            "model.pool_size is not a field of model=mlp, but of model=lenet",
        ),
        (
            ("model=mlp", "++model.pool_size=3"),
            "model.pool_size is not a field of model=mlp, but of model=lenet",
        ),
        (
            ("optim.beta1=0.5",),
            "optim.beta1 is not a field of the optim that is chosen, but of optim=adam, adamw or "
            "lamb",
        ),
        (
            ("dataset.label=0",),
            "dataset.label is not a field of the dataset that is chosen, but of dataset=csv",
        ),
    ],
)
def test_a_field_of_another_choice(overrides, message):
    assert answer(*overrides) == message


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("batch_size=${oops}",), "batch_size=${oops}: Interpolation key 'oops' not found"),
        (
            ("model=lenet", "optim.lr=${oc.env:NOPE}"),
            "optim.lr=${oc.env:NOPE}: KeyError raised while resolving interpolation: "
            "\"Environment variable 'NOPE' not found\"",
        ),
        (
            ("model=null",),
            "model=null: a group takes the name of one of its choices. Config group override must "
            "be a string or a list. Got NoneType",
        ),
        (
            ("+model=3",),
            "+model=3: a group takes the name of one of its choices. Config group override must "
            "be a string or a list. Got int",
        ),
        (
            ("epochs=1", "model.hidden=[choice(1,2),5]"),
            "model.hidden=[choice(1,2),5]: has a range, an interval or choices within a list or a "
            "dictionary; allowed are whole ones, as in [1,5],[2,5]",
        ),
    ],
)
def test_a_value_that_cannot_be_resolved_or_chosen(overrides, message):
    assert answer(*overrides) == message


@pytest.mark.parametrize("override", ["dataset=MNIST", "optim=ADAM", "model=LeNet"])
def test_a_choice_in_other_letters(override):
    choice = override.partition("=")[2].lower()
    assert answer(override).startswith(f"{override} is unknown (did you mean {choice}?); allowed")


def test_of_several_choices_none_is_named():
    message = no_field("model.pool_size", ["model=mlp,lenet"], KNOWN)
    assert message.startswith("model.pool_size is not a field of the model that is chosen, but")


def test_hydra_explains_a_comma_without_backslashes():
    message = answer("optim.lr=0.1,0.2")
    assert "key='value1,value2'" in message
    assert "\\" not in message
