"""A recorded sweep as a bundle, and the bundle in another record."""

import io
import json
import math
import zipfile

import pandas as pd
import pytest
from bundles import a_bundle, a_run, in_members, written
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from record import new_record
from store import Store

from sweep.bundling import archive
from sweep.bundling.contents import bundle_of, numbered_runs, read_bundle, write_bundle
from sweep.bundling.opening import take_in
from sweep.commands.bundle import bundle as bundle_command
from sweep.commands.cli import run as run_command
from sweep.commands.report import report
from sweep.commands.show import show
from sweep.commands.unbundle import unbundle
from sweep.display.overview import show_overview
from sweep.errors import UserError
from sweep.results.leaderboard import load_leaderboard
from sweep.results.overview import read_overview
from sweep.tracking import HALF, SIGN, ForeignSweeps, Tracker, read_details, read_record

NEW = ["run_id", "run_ids"]  # what is another in another record
SECRETS = (b"somebody", b"hunter2", b"/home", b"/data", b"mybox")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def sweep(store):
    """A sweep of four runs, two of which are one configuration, and one has failed."""
    about = {
        "mlflow.user": "somebody",
        "mlflow.source.name": "/home/somebody/sweep/__main__.py",
        "checkpoint_folder": "mybox",
        "note": "see /home/somebody/notes and http://somebody:hunter2@server/",
    }
    parent = store.run("sweep", name="dataset.root=/data/x optim.lr=0.1,0.2", **about)
    store.client.set_tag(parent, "sweep.kind", "sweep")
    for lr, seed, found in ((0.1, 1, 1 / 3), (0.1, 2, 0.5), (0.2, 1, 2 / 3)):
        run_id = store.run(
            "sweep",
            parent=parent,
            params={"optim.lr": lr, "seed": seed, "init_from": "/home/somebody/net.params"},
            metrics={"val/accuracy": [0.1, found], "val/loss": [math.inf, found / 7]},
            name=f"optim.lr={lr} /data/x",
            **about,
        )
        store.client.log_text(
            run_id, "init_from: /home/somebody/net.params\nseed: 1\n", "config.yaml"
        )
        text = "python: 3.12.1\nprocessor: one\npackages:\n  mxnet: 1.9.1\n"
        store.client.log_text(run_id, text, "environment.yaml")
        store.client.log_text(run_id, "SIZE = 1\n", "source/my_nets.py")
    store.run(
        "sweep",
        "FAILED",
        parent=parent,
        params={"optim.lr": 0.3},
        failure_reason="OSError: /home/somebody/x.png",
    )
    return parent


@pytest.fixture(scope="module")
def file(store, sweep, tmp_path_factory):
    file = tmp_path_factory.mktemp("file") / "sweep.zip"
    assert run_command(bundle_command, [sweep[:8], str(file), "--tracking-uri", store.uri]) == 0
    return file


def test_it_has_what_was_measured(file):
    found, _ = read_bundle(file)
    assert [each.status for each in found.runs] == ["FINISHED"] * 3 + ["FAILED"]
    assert found.runs[0].curves["val/accuracy"].points() == {1: 0.1, 2: 1 / 3}
    assert found.runs[0].curves["val/loss"].points() == {1: math.inf, 2: 1 / 21}
    assert found.runs[0].config == {"init_from": "net.params", "seed": 1}
    assert found.runs[0].places == ["init_from"]
    assert found.runs[3].tags["failure_reason"] == "OSError: x.png"
    assert found.sweep.name == "dataset.root=x optim.lr=0.1,0.2"
    (environment,) = found.environments.values()
    assert environment["packages"] == {"mxnet": "1.9.1"}
    (source,) = found.sources.values()
    assert source == {"my_nets.py": b"SIZE = 1\n"}
    table = pd.read_csv(io.BytesIO(found.leaderboard))
    assert table["val/accuracy"].tolist()[0] == 2 / 3


def test_nothing_private_is_in_it(file):
    with zipfile.ZipFile(file) as opened:
        for name in opened.namelist():
            content = opened.read(name)
            assert not [each for each in SECRETS if each in content], name


@pytest.mark.parametrize("folder", ["/home/anna smith/nets", "../anna smith/nets", "../anna"])
def test_no_folder_is_named_in_it(tmp_path, folder):
    """Neither where it has a blank nor where it is relative: by params, names, tags or tables."""
    store, (one, other) = Store(tmp_path), [f"{folder}/{name}.params" for name in ("one", "other")]
    told = f"init_from={one},{other} optim.lr=0.1"
    parent = store.run("nets", name=told, params={"init_from": one}, mine=f"{folder}/notes")
    store.client.set_tag(parent, "sweep.kind", "sweep")
    failed = {"failure_reason": f"UserError: init_from={other}: cannot be read"}
    for net, status, why in ((one, "FINISHED", {}), (other, "FAILED", failed)):
        store.run(
            "nets",
            status,
            parent=parent,
            params={"init_from": net},
            metrics={"val/accuracy": 0.5},
            name=f"init_from={net} lenet mnist_5k",
            mine=net,
            **why,
        )
    target = tmp_path / "x.zip"
    assert run_command(bundle_command, [parent, str(target), "--tracking-uri", store.uri]) == 0
    with zipfile.ZipFile(target) as opened:
        for name in opened.namelist():
            assert not [each for each in (b"anna", b"smith") if each in opened.read(name)], name
    found, _ = read_bundle(target)
    assert found.sweep.name == "init_from=one.params,other.params optim.lr=0.1"
    assert found.sweep.params["init_from"] == "one.params"
    assert found.sweep.tags["mine"] == "notes"
    assert found.runs[0].name == "init_from=one.params lenet mnist_5k"
    assert found.runs[1].tags["mine"] == "other.params"
    reason = found.runs[1].tags["failure_reason"]
    assert reason == "UserError: init_from=other.params: cannot be read"


def test_the_same_sweep_gives_the_same_bytes(store, sweep, file, tmp_path):
    again = tmp_path / "again.zip"
    assert run_command(bundle_command, [sweep, str(again), "--tracking-uri", store.uri]) == 0
    assert again.read_bytes() == file.read_bytes()


def test_it_is_taken_into_another_record(store, sweep, file, tmp_path, capsys):
    uri = new_record(tmp_path)
    arguments = [str(file), "--experiment", "theirs", "--tracking-uri", uri]
    assert run_command(unbundle, arguments) == 0
    first = capsys.readouterr().out.splitlines()
    sweep_id = first[0].removeprefix("Taken in: 4 runs, as sweep ")
    assert first[1] == f"Compare: sweep leaderboard --sweep {sweep_id} --tracking-uri {uri}"
    assert run_command(unbundle, arguments) == 0
    assert capsys.readouterr().out == f"{file}: is there already, as sweep {sweep_id}\n"
    recorded = load_leaderboard("sweep", sweep, tracking_uri=store.uri)
    found = load_leaderboard("theirs", sweep_id, tracking_uri=uri)
    of_texts = ["run", "init_from", "failure_reason"]  # which are cleaned
    pd.testing.assert_frame_equal(
        found.drop(columns=[*NEW, *of_texts]), recorded.drop(columns=[*NEW, *of_texts])
    )
    in_the_list, elsewhere = read_overview(uri, tmp_path), read_overview(store.uri, tmp_path)
    show_overview(in_the_list, None)
    assert "finished, from a bundle" in capsys.readouterr().out
    assert [each.bundle for each in elsewhere.sweeps] == [None]
    assert run_command(show, [sweep_id, "--tracking-uri", uri]) == 0
    key = in_the_list.sweeps[0].bundle
    line = f"Bundle:     taken in from {key[:16]}, and trained elsewhere"
    assert line in capsys.readouterr().out.splitlines()
    page = tmp_path / "report.html"
    arguments = ["--sweep", sweep_id, "--tracking-uri", uri]
    assert run_command(report, [*arguments, "--output", str(page)]) == 0
    best = str(found["run_id"][0])
    assert read_record(uri, best).curves["val/loss"] == {1: math.inf, 2: 2 / 21}
    details = read_details(uri, best)
    assert details.info.tags["bundle.run_id"] == recorded["run_id"][0]
    assert details.environment["packages"] == {"mxnet": "1.9.1"}
    assert set(details.code) == {"source/my_nets.py"}
    assert "bundle.run_id" not in details.own_tags


def test_what_was_taken_in_counts_as_trained_by_nobody(tmp_path):
    uri = new_record(tmp_path)
    bundle, key = read_bundle(written(tmp_path))
    take_in(bundle, key, "sweep", uri)
    tracker = Tracker(uri, "sweep")
    fingerprints = [each.tags["fingerprint"] for each in bundle.runs]
    assert len(set(fingerprints)) == 2
    assert tracker.find_runs(fingerprints[0]) == []
    assert tracker.find_all(fingerprints) == {}
    assert tracker.find_all([*fingerprints, *map(str, range(9))]) == {}


def test_it_is_all_taken_in_or_nothing(tmp_path, monkeypatch):
    uri = new_record(tmp_path)
    bundle, key = read_bundle(written(tmp_path))

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(MlflowClient, "log_text", full)
    with pytest.raises(UserError, match="No space left on device"):
        take_in(bundle, key, "sweep", uri)
    monkeypatch.undo()
    client = MlflowClient(uri)
    number = client.get_experiment_by_name("sweep").experiment_id
    assert client.search_runs([number]) == []
    assert take_in(bundle, key, "sweep", uri).is_new
    assert len(client.search_runs([number])) == 3


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """A record in which somebody has begun with a bundle, and was killed; and the bundle."""
    uri = new_record(tmp_path)
    bundle, key = read_bundle(written(tmp_path))
    with monkeypatch.context() as broken:
        broken.setattr(MlflowClient, "log_artifacts", lambda *others: 1 / 0)
        broken.setattr(ForeignSweeps, "_remove", lambda *others: None)
        with pytest.raises(UserError, match="division by zero"):
            take_in(bundle, key, "sweep", uri)
    return uri, bundle, key


def recorded_in(uri, view=ViewType.ACTIVE_ONLY):
    client = MlflowClient(uri)
    return client.search_runs([client.get_experiment_by_name("sweep").experiment_id], "", view)


def test_what_a_killed_one_has_left_is_done_again(killed, tmp_path, monkeypatch):
    uri, bundle, key = killed
    left = {each.info.run_id for each in recorded_in(uri)}
    (parent,) = [each.info.run_id for each in recorded_in(uri) if HALF in each.data.tags]
    assert len(left) == 2
    assert Tracker(uri, "sweep").find_runs(bundle.runs[0].tags["fingerprint"]) == []
    with pytest.raises(UserError) as raised:
        take_in(bundle, key, "sweep", uri)
    assert str(raised.value) == (
        f"bundle {key[:16]}: somebody else takes it in, as sweep {parent}; allowed is once: if "
        "nobody does any more, try again in 60 seconds"
    )
    assert {each.info.run_id for each in recorded_in(uri)} == left
    MlflowClient(uri).set_tag(parent, SIGN, "1700000000")
    assert take_in(bundle, key, "sweep", uri).is_new
    whole = recorded_in(uri)
    assert len(whole) == 3
    assert not left & {each.info.run_id for each in whole}
    assert {each.data.tags["bundle.sha256"] for each in whole} == {key}
    assert not [each for each in whole if {HALF, SIGN} & {*each.data.tags}]
    # A record that was moved is not mended while anything in it is RUNNING, deleted or not.
    assert not [each for each in recorded_in(uri, ViewType.ALL) if each.info.status == "RUNNING"]
    # Whoever has begun at the same time sees it when their own parent is recorded.
    monkeypatch.setattr(ForeignSweeps, "find", lambda *others: None)
    with pytest.raises(UserError, match="somebody else takes it in"):
        take_in(bundle, key, "sweep", uri)
    assert len(recorded_in(uri)) == 3


def test_what_cannot_be_removed_does_not_hide_why(tmp_path, monkeypatch, caplog):
    uri = new_record(tmp_path)
    bundle, key = read_bundle(written(tmp_path))

    def fails(*arguments):
        raise MlflowException("the record is gone")

    with monkeypatch.context() as broken:
        broken.setattr(MlflowClient, "log_artifacts", lambda *others: 1 / 0)
        broken.setattr(MlflowClient, "delete_run", fails)
        with pytest.raises(UserError, match="division by zero"):
            take_in(bundle, key, "sweep", uri)
    (said,) = [each.getMessage() for each in caplog.records if "stay" in each.getMessage()]
    assert "(the record is gone)" in said
    left = recorded_in(uri)
    assert len(left) == 2
    assert not [each.info.run_id for each in left if each.info.run_id not in said]


def test_what_cannot_be_given_away(store, sweep, tmp_path, capsys):
    run_id = store.run("other")
    running = store.run("other", "RUNNING", name="goes on")
    store.client.set_tag(running, "sweep.kind", "sweep")
    store.run("other", parent=running)
    named = store.run("other", name="named")
    store.client.set_tag(named, "sweep.kind", "sweep")
    tagged = store.run("other", parent=named, metrics={"val/accuracy": 0.5})
    store.client.set_tag(tagged, " mine", "x")
    told = store.run("other", name="told")
    store.client.set_tag(told, "sweep.kind", "sweep")
    one = store.run("other", parent=told, metrics={"val/accuracy": 0.5})
    store.client.log_text(one, "URL = 'ftp://me:secret@host/'\n", "source/my_data.py")
    target = tmp_path / "x.zip"
    for given, message in {
        "nosuch": "nosuch is neither a run nor a sweep in ",
        run_id: f"{run_id}: is a run; allowed is a sweep, as `sweep list` shows them",
        running: f"{running} (goes on) is RUNNING; allowed is a sweep that has ended",
        named: f"run {tagged}: cannot be given away: tags. mine.[key]: allowed is a name that",
        told: "my_data.py: has an address with a password or a token in it, and would be",
    }.items():
        assert run_command(bundle_command, [given, str(target), "--tracking-uri", store.uri]) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.startswith(message)) == ("", True), captured.err
    assert run_command(bundle_command, [sweep, "x.tar", "--tracking-uri", store.uri]) == 2
    assert capsys.readouterr().err == "x.tar: allowed is a file that ends with .zip\n"
    nowhere = tmp_path / "none" / "x.zip"
    assert run_command(bundle_command, [sweep, str(nowhere), "--tracking-uri", store.uri]) == 2
    assert capsys.readouterr().err == f"{nowhere}: cannot be written: No such file or directory\n"
    assert not list(tmp_path.iterdir())


def test_a_sweep_that_was_ended_and_goes_on_is_running(store, tmp_path, capsys):
    parent = store.run("again", "KILLED", name="goes on")
    store.client.set_tag(parent, "sweep.kind", "sweep")
    store.run("again", parent=parent)
    store.client.update_run(parent, "RUNNING")  # as the same command does; the end stays
    assert store.client.get_run(parent).info.end_time is not None
    arguments = [parent, str(tmp_path / "x.zip"), "--tracking-uri", store.uri]
    assert run_command(bundle_command, arguments) == 2
    assert capsys.readouterr().err.startswith(f"{parent} (goes on) is RUNNING; allowed is a sweep ")
    assert not list(tmp_path.iterdir())


def test_what_nobody_could_read_is_not_written(tmp_path, monkeypatch):
    file = tmp_path / "x.zip"
    said = f"{file}: is not written, since nobody could read it: "
    with pytest.raises(UserError) as raised:
        write_bundle(file, a_bundle(a_run(1, 0.5, source={"a.py": b""})))
    assert str(raised.value) == f"{said}sources/ has not what the runs name"
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    with pytest.raises(UserError) as raised:
        write_bundle(file, a_bundle(a_run(1, 0.5)))
    assert str(raised.value) == f"{said}has more than 3 members"
    assert not list(tmp_path.iterdir())


def test_names_with_more_than_four_digits_are_in_the_order_of_their_numbers():
    """In the order of their letters, 10000 is before 9999."""
    expected = [f"runs/{number:04d}.json" for number in range(1, 10_002)]
    assert numbered_runs(["sweep.json", *sorted(expected), "report.html"]) == expected


@pytest.mark.nightly
def test_more_runs_than_four_digits_count():
    one = a_run(1, 0.5)
    members = in_members(a_bundle(one))
    content = members["runs/0001.json"]
    for number in range(2, 10_002):
        name, run_id = f"runs/{number:04d}.json", f"{number:032x}".encode()
        members[name] = content.replace(one.run_id.encode(), run_id)
    assert len(bundle_of(members).runs) == 10_001


def test_the_manifest_lists_all(file):
    with zipfile.ZipFile(file) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        assert manifest["format"] == 1
        assert {*opened.namelist()} == {*manifest["members"], "manifest.json"}
