import json

import pytest
from mlflow.entities import LoggedModelOutput
from store import Store


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A store with three finished runs, two of which have a model; its ids by accuracy."""
    folder = tmp_path_factory.mktemp("registry")
    store, ids = Store(folder), {}
    for accuracy in (0.75, 0.5, 0.25):
        ids[accuracy] = store.run("models", metrics={"val/accuracy": accuracy}, name=f"{accuracy}")
    number = store.client.get_experiment_by_name("models").experiment_id
    for accuracy in (0.75, 0.5):
        model = store.client.create_logged_model(number, "model", ids[accuracy])
        store.client.finalize_logged_model(model.model_id, "READY")
        store.client.log_outputs(ids[accuracy], [LoggedModelOutput(model.model_id, 1)])
    return store, ids


def test_registering_the_best(registry, capsys):
    store, ids = registry
    assert store.main("models", "--register", "digits") == 0
    assert capsys.readouterr().out.splitlines()[-4:] == [
        f"Registered: version 1 of digits, alias champion: 0.75 (run {ids[0.75]}), val/accuracy "
        "0.7500",
        'Load it:    mlflow.pyfunc.load_model("models:/digits@champion")',
        "Try it:     python -m sweep.predict models:/digits@champion image.png",
        f"with MLFLOW_TRACKING_URI={store.uri}",
    ]
    version = store.client.get_model_version_by_alias("digits", "champion")
    (output,) = store.client.get_run(ids[0.75]).outputs.model_outputs
    assert version.run_id == ids[0.75]
    assert version.source == f"models:/{output.model_id}"
    assert version.tags == {
        **{"metric": "val/accuracy", "value": "0.75"},
        **{"run": "0.75", "run_id": ids[0.75], "seeds": "1"},
    }
    linked = store.client.get_logged_model(output.model_id).tags["mlflow.modelVersions"]
    assert json.loads(linked) == [{"name": "digits", "version": 1}]


def test_registering_again_makes_no_second_version_of_the_same(registry, capsys):
    store, ids = registry
    for arguments, version in ((), 1), ((), 1), (("--direction", "max"), 1):
        assert store.main("models", *arguments, "--register", "twice") == 0
        assert f"version {version} of twice" in capsys.readouterr().out
    store.client.log_metric(ids[0.5], "f1", 1.0)
    assert store.main("models", "--metric", "f1", "--direction", "max", "--register", "twice") == 0
    assert "version 2 of twice" in capsys.readouterr().out
    champion = store.client.get_model_version_by_alias("twice", "champion")
    assert (champion.run_id, champion.tags["metric"]) == (ids[0.5], "f1")
    versions = store.client.search_model_versions("name = 'twice'")
    assert sorted(each.run_id for each in versions) == sorted([ids[0.75], ids[0.5]])


@pytest.mark.parametrize(
    ("experiment", "arguments", "message"),
    [
        (
            "models",
            ["--register", "a/b"],
            "'a/b' cannot be the name of a model: Invalid model name",
        ),
        (
            "models",
            ["--register", "a:b"],
            "'a:b' cannot be the name of a model: Invalid model name",
        ),
        ("models", ["--register", ""], "'' cannot be the name of a model: "),
        (
            "models",
            ["--direction", "min", "--register", "worst"],
            "run {worst} (FINISHED) has no model: one that is FINISHED has it if it was ",
        ),
        ("unfinished", ["--register", "none"], "--register none: no run is ranked, so there is no"),
    ],
)
def test_what_cannot_be_registered(registry, capsys, experiment, arguments, message):
    store, ids = registry
    if experiment == "unfinished":
        store.run(experiment, "KILLED")
    assert store.main(experiment, *arguments) == 2
    assert capsys.readouterr().err.startswith(message.format(worst=ids[0.25]))
    assert {each.name for each in store.client.search_registered_models()} <= {"digits", "twice"}


def test_of_several_seeds_it_is_the_best_one_with_the_mean_of_all(tmp_path, capsys):
    store = Store(tmp_path)
    ids = [
        store.run("seeds", params={"seed": seed}, metrics={"val/accuracy": accuracy})
        for seed, accuracy in enumerate((0.5, 1.0))
    ]
    number = store.client.get_experiment_by_name("seeds").experiment_id
    model = store.client.create_logged_model(number, "model", ids[1])
    store.client.finalize_logged_model(model.model_id, "READY")
    store.client.log_outputs(ids[1], [LoggedModelOutput(model.model_id, 1)])
    assert store.main("seeds", "--register", "digits") == 0
    assert f"(run {ids[1]}), val/accuracy 0.7500 (mean of 2 seeds)" in capsys.readouterr().out
    version = store.client.get_model_version_by_alias("digits", "champion")
    assert (version.run_id, version.tags["value"], version.tags["seeds"]) == (ids[1], "0.75", "2")
