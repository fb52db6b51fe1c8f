"""The page "A result that others can check", followed word by word, in two folders."""

import re
import shlex
import shutil
import zipfile
from pathlib import Path

import pytest
from bundles import rewritten
from workplace import Workplace

from sweep.bundling.contents import read_bundle

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "bundles.md").read_text().partition("## Step by step")[2]
BASH = re.compile(r"```bash\n(.*?)```", re.DOTALL)
TRAIN, BUNDLE, VERIFY, UNBUNDLE, LEADERBOARD = [
    shlex.split(line)[1:] for block in BASH.findall(PAGE)[:2] for line in block.splitlines()
]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The folder in which the sweep is trained and bundled, and its id."""
    place = Workplace(tmp_path_factory.mktemp("here"))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (place.folder / "my_nets.py").write_text(code)
    lines = place.run(*TRAIN)
    (sweep_id,) = re.findall(r"leaderboard --sweep (\w{32})", "\n".join(lines))
    lines = place.run(*[each.replace("SWEEP_ID", sweep_id) for each in BUNDLE])
    assert lines[-2] == "Written: results.zip, 2 runs"
    return place, sweep_id


@pytest.fixture
def elsewhere(here, tmp_path):
    """An empty folder that has the bundle."""
    place = Workplace.without_record(tmp_path)
    shutil.copyfile(here[0].folder / "results.zip", tmp_path / "results.zip")
    return place


def told(place, *arguments):
    with place.start(*arguments) as process:
        output, errors = process.communicate(timeout=300)
    return process.returncode, output.splitlines(), errors


def test_it_is_verified_elsewhere_and_taken_in(here, elsewhere):
    code, lines, errors = told(elsewhere, *(each for each in VERIFY if each != "--trust"))
    assert code == 2
    assert errors.startswith(
        "results.zip: the runs need code that is not of this program (my_nets."
    )
    size = (here[0].folder / "my_nets.py").stat().st_size
    assert [line.split()[1] for line in lines if "my_nets.py" in line] == [str(size)]
    assert elsewhere.run(*VERIFY)[-1] == "2 of 2 runs identical to the last bit"
    assert [each.name for each in elsewhere.folder.iterdir()] == ["results.zip"]
    elsewhere.run(*UNBUNDLE)
    theirs, ours = elsewhere.run(*LEADERBOARD), here[0].run("leaderboard", "--sweep", here[1])

    def rows(lines):
        return [line for line in lines if re.match(r" +\d", line)]

    assert rows(theirs) == rows(ours)
    assert len(rows(theirs)) == 2
    again = elsewhere.run(*UNBUNDLE)
    assert len(again) == 1
    assert again[0].startswith("results.zip: is there already, as sweep ")


def test_other_numbers_are_told_with_what_stands(elsewhere):
    """Somebody has written better numbers into a bundle, with a manifest that fits them."""
    file = elsewhere.folder / "results.zip"
    with zipfile.ZipFile(file) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    runs = read_bundle(file)[0].runs
    worst = min(range(2), key=lambda number: runs[number].curves["val_at_best/accuracy"].values[0])
    name = f"runs/{worst + 1:04d}.json"
    value = repr(runs[worst].curves["val_at_best/accuracy"].values[0]).encode()
    rewritten(file, {**members, name: members[name].replace(value, b"0.999")})
    code, lines, errors = told(elsewhere, *VERIFY)
    assert (code, errors) == (1, "")
    assert "1 of 2 runs identical to the last bit" in lines
    assert "The ranking by val/accuracy does not stand" in lines
    assert any(each.startswith("Largest difference of val_at_best/accuracy: ") for each in lines)
    assert lines[-1].startswith("The environment is the recorded one")


def test_what_was_tampered_with_is_refused(elsewhere):
    file = elsewhere.folder / "results.zip"
    with zipfile.ZipFile(file) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    name = next(each for each in members if each.endswith("my_nets.py"))
    with zipfile.ZipFile(file, "w") as opened:
        for each, content in {**members, name: members[name] + b"import os\n"}.items():
            opened.writestr(each, content)
    message = (
        f"results.zip: is refused: {name} is not what manifest.json says: the file was changed"
    )
    for command in (VERIFY, UNBUNDLE):
        code, lines, errors = told(elsewhere, *command)
        assert (code, lines) == (2, [])
        assert errors.startswith(message)
    assert [each.name for each in elsewhere.folder.iterdir()] == ["results.zip"]


def test_other_images_are_refused_before_anything_is_trained(here, elsewhere):
    file = elsewhere.folder / "results.zip"
    with zipfile.ZipFile(file) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    run = read_bundle(file)[0].runs[0]
    digest, other = run.tags["dataset.digest"].encode(), b"0" * 64
    fingerprint = b'"fingerprint"'
    name = sorted(each for each in members if each.startswith("runs/"))[-1]
    changed = members[name].replace(digest, other).replace(fingerprint, b'"fingerprint_then"')
    rewritten(file, {**members, name: changed})
    code, shown, errors = told(elsewhere, *VERIFY)
    assert code == 2
    assert "my_nets.py" in [line for line in shown if line.strip()][-1]
    assert re.search(r"^run .*: other images than those of the bundle: 0{16} there, ", errors)
    assert errors.endswith(" here; allowed are the same, as with --dataset-root FOLDER\n")
