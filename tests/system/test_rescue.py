"""The page "Rescue an old model", followed word by word."""

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "rescue.md").read_text().partition("## Step by step")[2]


@pytest.fixture
def old(sweep_command):
    """The two files that the page's own code makes."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    Path("old.py").write_text(code)
    done = sweep_command(module="old")
    assert done.returncode == 0, done.stderr


def test_the_page_is_followed(old, sweep_command):
    blocks = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines()]
    adopt, predict, tune = [each for each in commands if each.startswith("sweep ")][:3]
    found = sweep_command(*shlex.split(adopt)[1:])
    assert (found.returncode, found.stderr) == (0, "")
    (accuracy,) = re.findall(r"test/accuracy (\d\.\d+)", found.stdout)
    assert float(accuracy) > 0.85
    (run_id,) = re.findall(r"Recorded as run (\w+)", found.stdout)
    (own,) = re.findall(r"Fine-tune:  sweep (.*)", found.stdout)
    assert own == "model=symbol model.file=old-symbol.json init_from=RUN_ID dataset=...".replace(
        "RUN_ID", run_id
    )
    one = Image.new("L", (28, 28))
    one.paste(255, (12, 5, 15, 23))
    one.save("image.png")
    found = sweep_command(*shlex.split(predict)[1:])
    assert found.returncode == 0, found.stderr
    assert re.search(r"image\.png +(doubtful: )?1\b", found.stdout)  # a stroke, as of a one
    words = shlex.split(tune.replace("RUN_ID", run_id))[1:]
    found = sweep_command(*words, "epochs=1", "figures=false")
    assert found.returncode == 0, found.stderr
    (after,) = re.findall(r"test/accuracy (\d\.\d+)", found.stdout)
    assert float(after) > float(accuracy) - 0.02
    (tuned,) = re.findall(r"run (\w{32})", found.stdout)[:1]
    again = sweep_command("reproduce", tuned)
    assert again.returncode == 0, again.stdout + again.stderr
