"""Runs that start from what other runs have kept: found, identified, recorded, trained again."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from executions import Place, epochs_of, few
from kept_parameters import kept, kept_file
from mlflow import MlflowClient
from outcomes import outcome
from record import new_record

from sweep.config.compose import load
from sweep.config.recorded import from_yaml
from sweep.errors import UserError
from sweep.runs import prepare as running
from sweep.runs.events import AlreadyTrained
from sweep.runs.reproduce import compare, train_again
from sweep.runs.starting import folder_of, identified, identified_again, starting_files
from sweep.tracking import Tracker, read_record, register

SMALL = ("model.hidden=[16]", "epochs=2")
ALLOWED = (
    "; allowed is null, the id of a run, models:/NAME@ALIAS, models:/NAME/VERSION, FILE.params, or "
    "NET-symbol.json:NET-0010.params"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("starting"))


@pytest.fixture(autouse=True)
def _few_images(place, monkeypatch):
    monkeypatch.chdir(place.folder)
    monkeypatch.setattr(running, "load_dataset", few)
    monkeypatch.setattr("sweep.data.splits.load_dataset", few)


@pytest.fixture(scope="module")
def source(place):
    """The id of a run that others start from, and the file of its parameters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place.folder)
        patch.setattr(running, "load_dataset", few)
        place.execute("source", *SMALL)
    run = place.run("source")
    register(place.uri, run.info.run_id, "digits", {})
    return run.info.run_id, Path(kept_file(place.client, run.info.run_id, place.folder))


@pytest.fixture(scope="module")
def started(place, source):
    """The record of a run that started from it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place.folder)
        patch.setattr(running, "load_dataset", few)
        place.execute("started", *SMALL, f"init_from={source[0]}", "freeze=['0.*']")
    return place.run("started")


def artifact(run, path):
    return Path(run.info.artifact_uri.removeprefix("file://"), path)


def config_of(place, address, **others):
    return replace(place.config("refused", *SMALL), init_from=str(address), **others)


def refusal(place, address, **others):
    with pytest.raises(UserError) as found:
        identified(config_of(place, address, **others))
    return str(found.value)


def test_a_run_records_what_it_started_from(place, source, started):
    run_id, file = source
    params = started.data.params
    assert (params["init_from"], len(params["init_digest"])) == (run_id, 16)
    assert params["freeze"] == '["0.*"]'
    assert artifact(started, "init/net.params").read_bytes() == file.read_bytes()
    assert [each.name for each in artifact(started, "init").iterdir()] == ["net.params"]
    trained = kept(place.client, started.info.run_id)
    assert trained != file.read_bytes()
    (first, *_) = place.client.get_metric_history(started.info.run_id, "val/loss")
    last = place.client.get_run(run_id).data.metrics["val/loss"]
    assert first.value < last


def test_a_run_that_is_named_by_the_beginning_of_its_id_is_recorded_by_all_of_it(place, source):
    run_id, _ = source
    known = identified(config_of(place, run_id[:8]))
    assert known.init_from == run_id
    assert known == identified(config_of(place, run_id))
    address = "models:/digits@champion"
    assert identified(config_of(place, address)).init_from == address


def test_a_run_can_keep_no_parameters_and_no_model(place):
    place.execute("keeps none", *SMALL, "epochs=1", "keep_models=none")
    run = place.run("keeps none")
    assert run.info.status == "FINISHED"
    assert run.outputs.model_outputs == []
    assert not artifact(run, "parameters").exists()


def test_the_same_parameters_from_elsewhere_are_the_same_run(place, source, started, tmp_path):
    run_id, file = source
    (tmp_path / "any name.params").write_bytes(file.read_bytes())
    for address in ("models:/digits@champion", "models:/digits/1", f"'{tmp_path}/any name.params'"):
        given = (*SMALL, f"init_from={address}", "freeze=['0.*']")
        _, events = place.execute("started", *given)
        assert events == [AlreadyTrained(started.info.run_name, started.info.run_id)]


def test_other_parameters_are_another_run(place, source, started):
    digests = {started.data.tags["fingerprint"]}
    for given in ([], [f"init_from={source[0]}"], [f"init_from={started.info.run_id}"]):
        config = identified(place.config("any", *SMALL, *given))
        run = running.prepare_run(config, (), None)
        assert run.fingerprint not in digests
        digests.add(run.fingerprint)


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(place, source):
    given = (*SMALL, "epochs=3", f"init_from={source[0]}", "freeze=['0.*']", "augment.mixup=0.3")
    place.execute("undisturbed", *given)
    place.execute("interrupted", *given, stop=1)
    _, events = place.execute("interrupted", *given)
    assert epochs_of(events) == [2, 3]
    expected, found = (
        outcome(place.client, place.run(name)) for name in ("undisturbed", "interrupted")
    )
    assert found == expected


def test_its_processes_read_a_copy_whatever_becomes_of_the_file(place, source, started, tmp_path):
    file = tmp_path / "mine.params"
    content = source[1].read_bytes()
    file.write_bytes(content)
    config = identified(config_of(place, file))
    file.unlink()
    assert starting_files(config) == {"net.params": content}
    assert identified_again(config) == config
    (folder_of(config) / "net.params").write_bytes(b"damaged")
    file.write_bytes(content)
    assert starting_files(config) == {"net.params": content}
    identified_again(config)
    assert (folder_of(config) / "net.params").read_bytes() == content
    file.write_bytes(kept(place.client, place.run("started").info.run_id))
    assert identified_again(config) == config
    other = identified(config_of(place, file)).init_digest
    assert other != config.init_digest
    refused = (
        f"init_from={file}: what is there is {other}, and not init_digest={config.init_digest}; "
        "allowed are the parameters that it was, or init_digest=null"
    )
    assert refusal(place, file, init_digest=config.init_digest) == refused
    shutil.rmtree(folder_of(config))
    with pytest.raises(UserError) as found:
        identified_again(config)
    assert str(found.value) == refused


def test_a_file_in_the_home_folder_is_found(place, source, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.params").write_bytes(source[1].read_bytes())
    identified(config_of(place, "~/mine.params"))
    assert refusal(place, "~/other.params") == (
        f"init_from=~/other.params: {tmp_path}/other.params cannot be read: No such file or "
        f"directory{ALLOWED}"
    )
    assert refusal(place, "~/net-symbol.json:~/mine.params").startswith(
        f"init_from=~/net-symbol.json:~/mine.params: {tmp_path}/net-symbol.json cannot be read"
    )
    assert refusal(place, "~no-such-user/mine.params").startswith(
        "init_from=~no-such-user/mine.params: ~no-such-user/mine.params cannot be read"
    )


def test_what_a_killed_process_left_beside_the_copy_is_not_recorded(place, source):
    given = (*SMALL, "epochs=1", f"init_from={source[0]}", "freeze=['1.*']")
    config = identified(place.config("left behind", *given))
    left = folder_of(config) / "0123456789abcdef.tmp"
    left.write_bytes(b"half of")
    place.execute("left behind", *given)
    left.unlink()
    run = place.run("left behind")
    assert [each.name for each in artifact(run, "init").iterdir()] == ["net.params"]
    record = read_record(place.uri, run.info.run_id)
    record = replace(record, start={**record.start, left.name: b"half of"})  # by an older version
    again = train_again(record, from_yaml(record.config), lambda event: None)
    assert again.parameters == record.parameters


def test_it_is_trained_again_from_the_record_alone(place, started):
    record = read_record(place.uri, started.info.run_id)
    config = replace(from_yaml(record.config), checkpoint_dir="nowhere")
    again = train_again(record, config, lambda event: None)
    assert [each.metric for each in compare(record.curves, again.curves) if each.first] == []
    assert again.parameters == record.parameters
    for gone in ({}, {"net.params": b"others"}):
        with pytest.raises(UserError) as found:
            train_again(replace(record, start=gone), config, lambda event: None)
        assert str(found.value) == (
            f"init_digest={config.init_digest}: run {record.run_id} has started from these "
            "parameters, and does not have them in init/ any more, so it cannot be trained again"
        )


# --- what is not there, or is wrong ---


def test_a_run_or_model_that_is_not_there(place, source):
    uri = place.uri
    assert refusal(place, "0123abc") == (
        f"init_from=0123abc: 0123abc is not a run in {uri}: Run with id=0123abc not found{ALLOWED}"
    )
    for address, said in {
        "models:/nothing@champion": "Registered Model with name=nothing not found",
        "models:/digits@best": "Registered model alias best not found",
        "models:/digits/9": "Model Version (name=digits, version=9) not found",
        "models:/digits": "Logged model with ID 'digits' not found",
    }.items():
        found = refusal(place, address)
        assert found == f"init_from={address}: no such model in {uri}: {said}{ALLOWED}"


def test_a_run_without_parameters(place, source):
    given = (*SMALL, "seed=5")
    place.execute("unfinished", *given, stop=1)
    run_id = place.run("unfinished").info.run_id
    assert refusal(place, run_id) == (
        f"init_from={run_id}: run {run_id} is KILLED and has no trained parameters, which a run "
        f"keeps when it is FINISHED{ALLOWED}"
    )
    with Tracker(place.uri, "parent").open_run("x", {}, {"sweep.kind": "sweep"}, None) as parent:
        assert refusal(place, parent.run_id).startswith(
            f"init_from={parent.run_id}: {parent.run_id} is a sweep; name one of its runs: "
        )


def test_files_that_are_not_there_or_broken(place, source, tmp_path):
    file = tmp_path / "some.params"
    assert refusal(place, file) == (
        f"init_from={file}: {file} cannot be read: No such file or directory{ALLOWED}"
    )
    graph = tmp_path / "net-symbol.json"
    both = f"{graph}:{file}"
    assert refusal(place, both) == (
        f"init_from={both}: {graph} cannot be read: No such file or directory{ALLOWED}"
    )
    file.mkdir()
    assert refusal(place, file) == (
        f"init_from={file}: {file} cannot be read: Is a directory{ALLOWED}"
    )
    file.rmdir()
    content = source[1].read_bytes()
    for broken, said in {
        b"": "is no file of MXNet's parameters",
        content[:-1]: f"is cut off: 8 bytes are missing or wrong at byte {len(content) - 8}",
    }.items():
        file.write_bytes(broken)
        assert refusal(place, file).startswith(f"init_from={file}: {said.partition(':')[0]}")
    file.write_bytes(content)
    graph.write_text("{}")
    assert refusal(place, both) == (
        f"init_from={both}: has a graph that is none of MXNet's{ALLOWED}"
    )


def test_there_must_be_a_record_to_look_for_a_run_in(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = config_of(place, "0123abc")
    config = replace(config, tracking=replace(config.tracking, uri=None))
    with pytest.raises(UserError, match="^init_from=0123abc: no runs are recorded in sqlite:///"):
        identified(config)
    assert not list(tmp_path.iterdir())


def test_a_digest_without_an_address():
    with pytest.raises(UserError) as found:
        load("init_digest=0123456789abcdef")
    assert str(found.value) == (
        "init_digest=0123456789abcdef: there is nothing that it could be of; allowed is null, or "
        "init_from with it"
    )


def test_what_does_not_fit_is_told_before_anything_is_recorded(place, source, tmp_path):
    uri = new_record(tmp_path)
    given = ("model.hidden=[17]", f"init_from={source[1]}")
    config = replace(place.config("wrong", *given), init_from=str(source[1]))
    config = replace(config, tracking=replace(config.tracking, uri=uri))
    with pytest.raises(UserError) as found:
        running.prepare_run(config, (), None)
    assert "does not fit in 0.weight (16×784 there, 17×784 here)" in str(found.value)
    number = MlflowClient(uri).get_experiment_by_name("wrong").experiment_id
    assert MlflowClient(uri).search_runs([number]) == []
