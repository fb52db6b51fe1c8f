"""From a folder of photographs to a leaderboard, as the page has it; killed, and served."""

import json
import os
import re
import shlex
import shutil
import signal
from pathlib import Path

import numpy as np
import own_images
import pytest
import stepped
from outcomes import assert_same, outcomes
from PIL import Image
from served import serving
from workplace import Workplace, gone

from sweep.config.compose import load
from sweep.data.published.download import gluon_cache
from sweep.data.splits import load_dataset

PAGE = (Path(__file__).parents[2] / "docs" / "your-images.md").read_text()
MAKE_PHOTOS, COMMANDS = (
    re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1] for language in ("python", "bash")
)
SWEEP = ("dataset=folder", "dataset.root=photos", "dataset.test_size=0.2", "model=lenet")
SWEEP += ("model.channels=[4,8]", "model.hidden=[16]", "augment.flip=true", "augment.crop=4")
SWEEP += ("optim.lr=0.02,0.05", "epochs=12", "context=cpu", "figures=false", "batch_size=20")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with photographs, as the page makes them, and a third of the images there."""
    workplace = Workplace(tmp_path_factory.mktemp("own_images"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workplace.folder)
        exec(compile(MAKE_PHOTOS, "your-images.md", "exec"), {})
    for number, file in enumerate(sorted((workplace.folder / "photos").glob("*/*.png"))):
        if number % 3:
            file.unlink()
    return workplace


@pytest.fixture(scope="module")
def undisturbed(workplace):
    """What the sweep gives if nothing happens to it."""
    workplace.run(*SWEEP, "tracking.experiment=undisturbed", "--multirun")
    return outcomes(workplace.client, workplace.runs("undisturbed")[1])


def test_five_commands_go_from_photographs_to_a_leaderboard(workplace):
    commands = [shlex.split(line, comments=True) for line in COMMANDS.splitlines()]
    flags = [command.pop() for command in commands if command[-1] == "--multirun"]
    assert [command[0] for command in commands] == ["sweep"] * 5
    photo = sorted((workplace.folder / "photos" / "flower").iterdir())[2]
    with Image.open(photo) as patch:
        patch.resize((400, 300)).save(workplace.folder / "photo.jpg")
    workplace.run(*commands[1][1:], "context=cpu")
    planned = workplace.run(*commands[2][1:], "context=cpu", "epochs=2", *flags)
    shown = workplace.run(*commands[3][1:])
    surveyed = workplace.run(*commands[0][1:])
    assert surveyed[0] == "photos: 160 images: 160 colour (RGB); 160 of 32×32"
    with Image.open(workplace.folder / "photos.png") as sheet:
        assert sheet.size[0] > 32
    assert "6 runs:" in planned
    assert len([line for line in shown if " folder " in line and " ± " in line]) == 2
    run_id = workplace.runs("sweep")[1][0].info.run_id
    answer = workplace.run(*[run_id if each == "RUN_ID" else each for each in commands[4][1:]])
    assert any("flower" in line or "china" in line for line in answer)


def test_a_sweep_that_is_killed_goes_on_with_the_same_bits(workplace, undisturbed):
    options = (*SWEEP, "tracking.experiment=killed", "--multirun")
    shutil.copy(stepped.__file__, workplace.folder)
    stepped.allow(workplace.folder, 3)
    sessions = []

    def kill(process):
        sessions.append(process.pid)
        os.killpg(process.pid, signal.SIGKILL)

    code, _, _ = workplace.watch(*options, module="stepped", until=["run 0: epoch 3/"], act=kill)
    assert code == -signal.SIGKILL
    assert gone(sessions[0]) == []
    lines = workplace.run(*options)
    assert [line for line in lines if "(goes on after epoch " in line]
    assert_same(outcomes(workplace.client, workplace.runs("killed")[1]), undisturbed)


def test_a_run_comes_out_identical(workplace, undisturbed):
    run = workplace.runs("undisturbed")[1][0]
    lines = workplace.run("reproduce", run.info.run_id)
    assert lines[-1] == "Parameters: identical"
    assert not [line for line in lines if "not identical" in line]


def test_the_same_images_packed_are_the_same_runs(workplace, undisturbed):
    workplace.run("data", "photos", "--write", "photos.rec")
    packed = ("dataset=recordio", "dataset.train=photos.rec", *SWEEP[2:])
    lines = workplace.run(*packed, "tracking.experiment=undisturbed", "--multirun")
    assert "  2 trained already, found in the record (rerun=true trains again)" in lines


def test_a_server_and_the_command_answer_the_same(workplace, undisturbed):
    run = workplace.runs("undisturbed")[1][0]
    files = sorted((workplace.folder / "photos").glob("*/*.png"))[::9]
    images = np.stack([np.asarray(Image.open(file)).transpose(2, 0, 1) for file in files])
    model, record = f"runs:/{run.info.run_id}/model", {"MLFLOW_TRACKING_URI": workplace.address}
    with serving(model, workplace.folder, **record) as post:
        status, text = post({"inputs": images.tolist()})
        assert status == 200, text
        served = json.loads(text)["predictions"]
        assert post({"inputs": images[:, :1].tolist()})[0] == 400
    told = workplace.run("predict", run.info.run_id, *map(str, files))
    for answer, file in zip(served, files, strict=True):
        (line,) = [line for line in told if file.name in line and file.parent.name in line]
        assert answer["name"] in line.replace(str(file), "")


DECODES_HALF = """
import os, signal, sys
from sweep.config.compose import load
from sweep.data.decoded.row_file import RowFile
from sweep.data.splits import load_dataset

append = RowFile.append

def half(file, rows):
    append(file, rows[: len(rows) // 2])
    file._target.flush()
    os.kill(os.getpid(), signal.SIGKILL)

RowFile.append = half
load_dataset(load(*sys.argv[1:]).dataset)
"""


def test_a_process_that_is_killed_while_it_decodes_leaves_nothing_that_counts(sweep_command):
    parts = own_images.halves(*own_images.patches())
    given = (*own_images.write_npz(".", parts), "dataset.val_size=0.2")
    Path("decodes.py").write_text(DECODES_HALF)
    done = sweep_command(*given, module="decodes")
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    (left,) = (gluon_cache() / "decoded").iterdir()
    assert left.suffix == ".tmp" and left.stat().st_size > 0
    dataset = load_dataset(load(*given).dataset)
    images, labels = parts["test"]
    np.testing.assert_array_equal(dataset.test.images, images.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(dataset.test.labels, labels)
    kept = sorted(each.suffix for each in (gluon_cache() / "decoded").iterdir())
    assert kept == [".json", ".npy", ".npy", ".npz"]
