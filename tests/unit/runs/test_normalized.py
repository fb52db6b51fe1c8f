"""Runs with dropout and batch normalisation: interrupted, trained again, kept as a model, asked."""

import mlflow
import numpy as np
import pytest
from executions import Place, epochs_of, few
from kept_parameters import kept_file
from outcomes import outcome

from sweep.backend.mxnet import mx, nd
from sweep.carried import serving
from sweep.config.recorded import from_yaml
from sweep.networks.build import build_network
from sweep.runs import prepare as running
from sweep.runs.events import Ended
from sweep.runs.reproduce import compare, train_again
from sweep.tracking import fetch_model, read_record

LEARNING = ("optim.lr=0.05", "optim.momentum=0.9", "optim.wd=0.001", "monitor=val/loss", "epochs=3")
CASES = {
    "resnet": ("model=resnet20", "model.channels=[4,8]", "model.blocks=[1,1]", "model.dropout=0.3"),
    "densenet": (
        *("model=densenet", "model.stem_channels=4", "model.growth=4", "model.blocks=[1,2]"),
        "model.dropout=0.3",
    ),
    "mlp": ("model=mlp", "model.hidden=[16]", "model.batch_norm=true", "model.dropout=0.5"),
    "lenet": (
        *("model=lenet", "model.channels=[2,4]", "model.hidden=[8]"),
        *("model.batch_norm=true", "model.dropout=0.5"),
    ),
    "zoo": ("model=zoo", "model.net=mobilenet0.25"),
}
CASES = {name: (*network, *LEARNING) for name, network in CASES.items()}
SHAPE = (1, 28, 28)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("normalized"))


@pytest.fixture(autouse=True)
def _few_images(place, monkeypatch):
    monkeypatch.chdir(place.folder)
    monkeypatch.setattr(running, "load_dataset", few)


@pytest.fixture(scope="module")
def whole(place):
    """Return a function that gives what a case is if nothing happens to it."""
    known = {}

    def give(case):
        if case not in known:
            score, _ = place.execute(f"{case} whole", *CASES[case])
            known[case] = score, outcome(place.client, place.run(f"{case} whole"))
        return known[case]

    return give


@pytest.fixture
def net(place, whole, tmp_path):
    """Return a function that gives a case's network, with the parameters that are kept."""

    def give(case):
        whole(case)
        run_id = place.run(f"{case} whole").info.run_id
        file = kept_file(place.client, run_id, tmp_path)
        config = place.config(case, *CASES[case])
        found = build_network(config.model, SHAPE, 10, seed=99, context=mx.cpu())
        found.load_parameters(file)
        return found

    return give


@pytest.mark.parametrize(
    ("case", "stop"),
    [
        *(("resnet", 2), ("mlp", 2)),
        *(
            pytest.param(*each, marks=pytest.mark.nightly)
            for each in (
                *(("resnet", "start"), ("resnet", 1), ("resnet", "end")),
                *(("lenet", 2), ("densenet", 2), ("zoo", 2)),
            )
        ),
    ],
)
def test_it_goes_on_where_it_was_interrupted(place, whole, case, stop):
    experiment = f"{case} {stop}"
    expected = whole(case)
    _, before = place.execute(experiment, *CASES[case], stop=stop)
    assert before[-1] == Ended("KILLED")
    mx.random.seed(77)  # another process would begin elsewhere
    nd.random.uniform(shape=(10,)).wait_to_read()
    score, events = place.execute(experiment, *CASES[case])
    done = {"start": 0, "end": 3}.get(stop, stop)
    assert epochs_of(events) == [*range(done + 1, 4)]
    assert (score, outcome(place.client, place.run(experiment))) == expected


@pytest.mark.parametrize("case", ["resnet", "mlp"])
def test_it_is_reproduced_from_its_record(place, whole, case, monkeypatch):
    monkeypatch.setattr("sweep.data.splits.load_dataset", few)
    whole(case)
    record = read_record(place.uri, place.run(f"{case} whole").info.run_id)
    again = train_again(record, from_yaml(record.config), lambda event: None)
    assert all(each.first is None for each in compare(record.curves, again.curves))
    assert again.parameters == record.parameters


@pytest.mark.parametrize("case", CASES)
def test_running_means_are_kept_with_the_parameters(net, case):
    running_means = net(case).collect_params(".*running_mean")
    assert running_means
    for name, each in running_means.items():
        assert each.data().asnumpy().any(), name


@pytest.mark.parametrize("case", CASES)
def test_what_was_measured_is_what_the_kept_network_answers(place, net, case):
    """So the evaluation used running means and no dropout, and the best epoch's are kept."""
    test = few(place.config(case, *CASES[case]).dataset).test
    images, labels = test.images[test.index], test.labels[test.index]
    scores = net(case)(nd.array(images))
    losses = -nd.log_softmax(scores).asnumpy()[np.arange(len(labels)), labels]
    measured = place.run(f"{case} whole").data.metrics
    assert (scores.asnumpy().argmax(axis=1) == labels).mean() == measured["test/accuracy"]
    assert losses.mean() == pytest.approx(measured["test/loss"], rel=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_the_exported_model_answers_as_the_network(place, net, case, tmp_path):
    network, run_id = net(case), place.run(f"{case} whole").info.run_id
    model = fetch_model(place.uri, run_id, {serving.LOADER: serving.load}, tmp_path)
    images = np.random.RandomState(0).rand(7, *SHAPE).astype(np.float32)
    answers = model.predict(images)
    expected = nd.softmax(network(nd.array(images))).asnumpy()
    np.testing.assert_allclose(
        answers.drop(columns="class").to_numpy(), expected, rtol=1e-4, atol=1e-6
    )
    assert (answers["class"] == expected.argmax(axis=1)).all()


def test_mlflow_loads_the_model(place, whole):
    whole("resnet")
    mlflow.set_tracking_uri(place.uri)
    loaded = mlflow.pyfunc.load_model(f"runs:/{place.run('resnet whole').info.run_id}/model")
    assert len(loaded.predict(loaded.input_example)) == 3


def test_the_preset_of_resnet_20_runs_on_any_images(place):
    narrow = ("experiment=resnet20", "model.channels=[2,4,8]", "epochs=2")
    narrow += ("dataset=mnist_5k", "schedule.milestones=[1]")
    score, events = place.execute("preset", *narrow)
    assert epochs_of(events) == [1, 2]
    assert 0 <= score <= 1
    found = place.run("preset").data
    assert (found.params["preset"], found.params["augment.crop"]) == ("resnet20", "4")
    assert found.metrics["train/loss"] < 2.6
