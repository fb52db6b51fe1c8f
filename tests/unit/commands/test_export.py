import json
import re
from functools import partial
from pathlib import Path

import click
import numpy as np
import pytest
from mlflow import MlflowClient
from record import new_record

from sweep import optional
from sweep.commands.cli import run
from sweep.commands.export import export as command
from sweep.config.compose import load
from sweep.data.formats.mnist import read_packaged
from sweep.errors import UserError
from sweep.exporting import reference
from sweep.exporting.format import EXPORTS
from sweep.runs.execute import execute
from sweep.tracking import register

pytest.importorskip("onnx", reason="the extra onnx is not installed")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

TRAINED = ["model=mlp", "model.hidden=[16]", "epochs=1", "figures=false", "context=cpu"]
IMAGES = read_packaged().test_images
BYTES = np.rint(IMAGES * 255).astype(np.uint8)
ANSWERED = (
    r"(\w+) beside (\w+), (.+) test images of mnist_5k: no other class, largest difference of a "
    r"score (\d\.\de-\d\d)\nWritten: (\S+)\n"
)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def run_id(uri, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("run"))
        options = [*TRAINED, f"tracking.uri={uri}"]
        execute(load(*options), options, lambda event: None)
    client = MlflowClient(uri)
    (found,) = client.search_runs([client.get_experiment_by_name("sweep").experiment_id])
    return found.info.run_id


@pytest.fixture
def main(uri):
    return lambda *arguments: partial(run, command)([*arguments, "--tracking-uri", uri])


def test_both_formats_and_mlflow(main, uri, run_id, tmp_path, capsys, monkeypatch):
    import mlflow
    import onnxruntime

    asked = ("--onnx", "net.onnx", "--numpy", "net.npz", "--with-scaling", "--with-softmax")
    assert main(run_id, *asked, "--mlflow") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    found = re.findall(ANSWERED, shown.out)
    assert [each[:3] + each[4:] for each in found] == [
        ("onnxruntime", "MXNet", "1,000", "net.onnx"),
        ("NumPy", "MXNet", "1,000", "net.npz"),
    ]
    assert all(float(each[3]) < 1e-5 for each in found)
    assert shown.out.endswith(f"Recorded: runs:/{run_id}/onnx\n")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession("net.onnx", options)
    (shares,) = session.run(["probabilities"], {"images": BYTES})
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)

    tags = MlflowClient(uri).get_run(run_id).data.tags
    assert tags["export.onnx.opset"] == "17"
    assert tags["export.onnx.differing_classes"] == "0"
    assert tags["export.onnx.compared_with"] == "MXNet, 1,000 test images of mnist_5k"
    assert f"{float(tags['export.onnx.largest_difference']):.1e}" == found[0][3]
    assert len(tags["export.onnx.sha256"]) == 64

    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/onnx")
    np.testing.assert_array_equal(loaded.predict(BYTES)["probabilities"], shares)
    assert mlflow.onnx.load_model(f"runs:/{run_id}/onnx").graph.output[0].name == "probabilities"


def test_again_it_is_another_model_and_the_first_stays(main, uri, run_id, monkeypatch):
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    client = MlflowClient(uri)
    first = newest(client, run_id)
    before = {each: each.read_bytes() for each in files(first)}
    assert main(run_id, "--onnx", "net.onnx", "--mlflow", "--random-images") == 0
    assert newest(client, run_id).model_id != first.model_id
    assert {each: each.read_bytes() for each in files(first)} == before
    assert mlflow.onnx.load_model(f"runs:/{run_id}/onnx").graph.output[0].name == "scores"


def newest(client, run_id):
    number = client.get_run(run_id).info.experiment_id
    condition = f"name = 'onnx' AND source_run_id = '{run_id}'"
    return client.search_logged_models([number], condition)[0]


def files(model):
    place = Path(model.artifact_location.removeprefix("file://"))
    return [each for each in place.rglob("*") if each.is_file()]


def test_the_run_keeps_its_own_model_when_what_was_exported_is_deleted(main, uri, run_id, capsys):
    MlflowClient(uri).delete_logged_model(newest(MlflowClient(uri), run_id).model_id)
    assert main(run_id, "--numpy", "net.npz", "--random-images") == 0


def test_tags_are_those_of_the_last_export(main, uri, run_id, monkeypatch):
    monkeypatch.setattr(reference, "find_spec", lambda name: None)
    MlflowClient(uri).set_tag(run_id, "export.numpy.largest_difference", "0.0")
    assert main(run_id, "--numpy", "net.npz", "--random-images") == 0
    tags = MlflowClient(uri).get_run(run_id).data.tags
    begin = "export.numpy."
    own = {key.removeprefix(begin): tags[key] for key in tags if key.startswith(begin)}
    assert len(own.pop("sha256")) == 64
    assert own == {"takes": "float32", "answers": "scores", "compared_with": "not compared"}


def test_a_record_that_cannot_be_written(main, run_id, capsys, monkeypatch):
    def read_only(*arguments):
        raise UserError("it is read-only")

    monkeypatch.setattr("sweep.commands.export.record_export", read_only)
    given = ("--onnx", "net.onnx", "--numpy", "net.npz", "--random-images")
    assert main(run_id, *given) == 0
    shown = capsys.readouterr()
    assert [each for each in ("net.onnx", "net.npz") if f"Written: {each}" in shown.out] == [
        "net.onnx",
        "net.npz",
    ]
    assert shown.err == "Written, but not recorded: it is read-only\n"


def test_what_is_not_covered_is_told_before_images_are_read(main, run_id, capsys, monkeypatch):
    def refuse(self, graph):
        raise UserError("not covered")

    monkeypatch.setattr(type(EXPORTS["onnx"]), "covers", refuse)
    monkeypatch.setattr("sweep.commands.export.tested_images", None)
    assert main(run_id, "--numpy", "net.npz", "--onnx", "net.onnx") == 2
    assert capsys.readouterr() == ("", "not covered\n")


def test_a_format_whose_name_has_a_hyphen(main, run_id, capsys, monkeypatch):
    both = {**EXPORTS._choices, "plain-numpy": EXPORTS["numpy"]}
    monkeypatch.setattr(EXPORTS, "_choices", both)
    asked = click.Option(["--plain-numpy"], type=Path)
    monkeypatch.setattr(command, "params", [*command.params, asked])
    assert main(run_id, "--plain-numpy", "net.npz", "--random-images") == 0
    assert Path("net.npz").exists()


def test_a_run_by_the_beginning_of_its_id(main, run_id, tmp_path, capsys):
    assert main(run_id[:8], "--onnx", "net.onnx", "--random-images", "--to", "results") == 0
    assert json.loads((tmp_path / "results" / "sweep.json").read_text())["id"] == run_id


def test_a_registered_model_without_mxnet(main, uri, run_id, capsys, monkeypatch):
    register(uri, run_id, "digits", {})
    monkeypatch.setattr(reference, "find_spec", lambda name: None)
    assert main("models:/digits@champion", "--onnx", "net.onnx", "--numpy", "net.npz") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Trying it with 1,000 test images of mnist_5k"
    assert lines[1].startswith(
        "onnxruntime beside NumPy (not MXNet), 1,000 test images of mnist_5k: no other class, "
    )
    assert lines[3] == (
        "Not compared: MXNet, which would tell what is right, is not installed here"
    )


def test_random_images(main, run_id, capsys):
    assert main(run_id, "--numpy", "net.npz", "--random-images") == 0
    shown = capsys.readouterr().out.partition("\n")[2]
    assert shown.startswith("NumPy beside MXNet, 256 images drawn at random: no other class, ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to write: allowed are --numpy, --onnx and --to, one or several"),
        (("--numpy", "a.npz", "--mlflow"), "--mlflow: records what --onnx FILE.onnx writes; name"),
        (("--onnx", "net.pb"), "--onnx net.pb: allowed is a file with the suffix .onnx"),
        (("--numpy", "no/net.npz"), "--numpy no/net.npz: there is no folder no"),
        (("--numpy", "folder.npz"), "--numpy folder.npz: is a folder; allowed is a file"),
        (("--to", "folder.npz"), "--to folder.npz: is there already; allowed is a folder that"),
        (
            ("--to", "x", "--with-softmax"),
            "--with-softmax: does nothing without --numpy or --onnx; ",
        ),
        (("--numpy", "a.npz", "--metric", "a"), "--metric: does nothing without --to; name that"),
        (
            ("--numpy", "a.npz", "--random-images", "--dataset-root", "x"),
            "--random-images needs no --dataset-root; allowed is one of them",
        ),
        (("--numpy", "a.npz", "--dataset-root", "x"), "--dataset-root x: mnist_5k has no folder"),
    ],
)
def test_bad_input(main, run_id, arguments, message, tmp_path, capsys):
    (tmp_path / "folder.npz").mkdir()
    assert main(run_id, *arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert shown.err.count("\n") == 1


def test_a_run_that_is_not_there(main, capsys):
    assert main("0123abcd", "--numpy", "net.npz") == 2
    assert "0123abcd" in capsys.readouterr().err


def test_the_extra_that_is_missing(main, run_id, capsys, monkeypatch):
    monkeypatch.setattr(optional, "find_spec", lambda name: None if name == "onnx" else True)
    assert main(run_id, "--onnx", "net.onnx") == 2
    assert capsys.readouterr().err == (
        '--onnx needs onnx, which is not installed: pip install "gluon-sweep[onnx]"\n'
    )
