"""Networks of a user's own, from the command to the record and back."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from workplace import Workplace

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_network"
COMMANDS = re.findall(r"```bash\nsweep (.+)\n```", (EXAMPLE / "README.md").read_text())


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example's folder, with its commands given: what each printed, and how it ended."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    place, told = Workplace(folder), []
    for command in COMMANDS:
        process = place.start(*faster(command))
        output, errors = process.communicate(timeout=300)
        told.append((process.returncode, output, errors))
    return place, told


def faster(command):
    return shlex.split(command.replace("epochs=2", "epochs=2 figures=false"))


def test_the_commands_of_the_example(example):
    place, told = example
    sweep, again, line, eager, losses, leaderboard, mistake = told
    assert [code for code, *_ in told] == [0, 0, 0, 0, 0, 0, 2]
    assert "2 runs: 2 done" in sweep[1]
    assert "2 trained already" in again[1]
    assert "2 runs: 2 done" in losses[1]
    assert "model.width" in leaderboard[1]
    note = "model._target_=my_nets.Eager: runs eagerly, operator by operator: it is a gluon.Block"
    assert note in eager[1]
    assert mistake[2] == (
        "model.widht=16: my_nets.Net has no such argument (did you mean model.width?); allowed are "
        "classes, width, dropout\n"
    )
    assert not any(errors for *_, errors in told[:-1])
    parents, runs = place.runs("sweep")
    assert len(parents) == 2
    params = [run.data.params for run in runs[:4]]
    of_losses = [run.data.params for run in runs[4:]]
    assert sorted(each["loss.gamma"] for each in of_losses) == ["1", "2"]
    assert {each["loss._target_"] for each in of_losses} == {"my_losses.Focal"}
    targets = ["my_nets.Net"] * 3 + ["my_nets.Eager"]
    assert [each["model._target_"] for each in params] == targets
    assert sorted(each["model.width"] for each in params[:2]) == ["16", "8"]
    assert params[2]["model.dropout"] == "0.2"
    assert len({each["model._source_"] for each in params}) == 1
    models = [len(run.outputs.model_outputs) if run.outputs else 0 for run in runs]
    assert models == [1] * 6


def test_an_edited_module_is_another_run_and_the_one_before_is_reproduced(example):
    place, _ = example
    (old,) = [
        run for run in place.runs("sweep")[1] if run.data.params.get("model.dropout") == "0.2"
    ]
    layers = place.folder / "my_layers.py"
    text = layers.read_text()
    layers.write_text(text.replace("channels, 3, padding=1", "channels, 5, padding=2"))
    command = faster(COMMANDS[2])
    place.run(*command)
    place.run(*command)  # which finds it
    new = place.runs("sweep")[1][6:]
    assert len(new) == 1
    sources = {
        run.info.run_id: Path(run.info.artifact_uri.removeprefix("file://"), "source")
        for run in (old, *new)
    }
    kept = [(each / "my_layers.py").read_text() for each in sources.values()]
    assert kept == [text, layers.read_text()]
    assert place.curves(old) != place.curves(*new)
    layers.write_text("raise RuntimeError('the files of today take no part')")
    for run in sources:
        lines = place.run("reproduce", run)
        assert "11 of 11 metrics identical to the last bit" in lines
        assert "Parameters: identical" in lines
    layers.write_text(text)
    place.run(*command)
    assert len(place.runs("sweep")[1]) == 7  # the first is found


def test_what_raises_in_the_middle_fails_alone_with_its_traceback(tmp_path):
    place = Workplace(tmp_path)
    (tmp_path / "late.py").write_text(
        "from mxnet import gluon\n"
        "class Net(gluon.nn.HybridSequential):\n"
        "    def __init__(self, classes, steps):\n"
        "        super().__init__()\n"
        "        self.add(gluon.nn.Dense(classes))\n"
        "        self.steps = steps\n"
        "class Late(gluon.Block):\n"
        "    def __init__(self, classes, steps):\n"
        "        super().__init__()\n"
        "        self.net, self.left = gluon.nn.Dense(classes), [steps]\n"
        "    def forward(self, x):\n"
        "        self.left[0] -= 1\n"
        "        if not self.left[0]:\n"
        "            raise ArithmeticError('no steps left')\n"
        "        return self.net(x)\n"
    )
    given = ["model=custom", "model._target_=late.Late,late.Net", "+model.steps=60"]
    process = place.start(*given, "epochs=2", "figures=false", "--multirun")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 1, output + errors
    failed, finished = sorted(place.runs("sweep")[1], key=lambda run: run.info.status)
    assert [failed.info.status, finished.info.status] == ["FAILED", "FINISHED"]
    assert failed.data.tags["failure_reason"] == "ArithmeticError: no steps left"
    folder = Path(failed.info.artifact_uri.removeprefix("file://"))
    traceback = (folder / "traceback.txt").read_text()
    assert re.search(
        r'checkpoints/modules/\w{16}/late\.py", line 14, in forward\n.*raise ArithmeticError',
        traceback,
    )
    assert (folder / "source" / "late.py").read_bytes() == (tmp_path / "late.py").read_bytes()


def test_a_network_that_ends_its_process_is_named_and_nothing_is_trained(tmp_path):
    place = Workplace(tmp_path)
    (tmp_path / "ends.py").write_text("import os\nos._exit(3)\n")
    (tmp_path / "nets.py").write_text(
        "from mxnet.gluon import nn\ndef net(classes): return nn.Dense(classes)\n"
    )
    targets = "model._target_=nets.net,ends.Net,nets.net"
    process = place.start("model=custom", targets, "epochs=1", "--multirun")
    output, errors = process.communicate(timeout=300)
    assert (process.returncode, output) == (2, "")
    assert errors == (
        "model._target_=ends.Net: cannot be tried: the process that was asked ended with exit code "
        "3; allowed are networks that leave their process alive\n"
    )
    assert place.client.get_experiment_by_name("sweep") is None or not place.runs("sweep")[1]


def test_a_search_trains_what_it_began_with_whatever_is_edited(tmp_path):
    place, file = Workplace(tmp_path), tmp_path / "nets.py"
    text = (
        "from mxnet.gluon import nn\n"
        "def net(classes, width):\n"
        "    net = nn.HybridSequential()\n"
        "    net.add(nn.Dense(width), nn.Dense(classes))\n"
        "    return net\n"
    )
    file.write_text(text)
    search = ("hydra/sweeper=optuna", "model=custom", "model._target_=nets.net", "n_jobs=1")
    search += ("+model.width=range(2,99)", "epochs=1", "context=cpu", "figures=false")
    search += ("search.study=one", "search.startup_trials=9")
    code, lines, errors = place.watch(
        *(*search, "search.n_trials=3", "--multirun"),
        until=["run 0: "],
        act=lambda process: file.write_text("raise RuntimeError('of today')\n"),
    )
    assert (code, errors) == (0, ""), lines
    runs = place.runs("sweep")[1]
    assert len({run.data.params["model.width"] for run in runs}) == 3
    assert len({run.data.params["model._source_"] for run in runs}) == 1
    file.write_text(text + "\n")
    process = place.start(*search, "search.n_trials=4", "--multirun")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 2, output
    assert errors.startswith(
        "search.study=one: is there already, and the files of its network have been edited since; "
    )
    file.write_text(text)
    place.run(*search, "search.n_trials=4", "--multirun")
    runs = place.runs("sweep")[1]
    assert len(runs) == 4
    assert len({run.data.params["model._source_"] for run in runs}) == 1
