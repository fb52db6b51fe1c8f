"""The version is the same wherever it is written."""

from pathlib import Path

import yaml

from sweep import __version__

PROJECT = Path(__file__).parents[2]


def test_the_version():
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    (newest, *_) = [
        line for line in (PROJECT / "CHANGELOG.md").read_text().splitlines() if line[:3] == "## "
    ]
    assert citation["version"] == __version__
    assert newest == f"## {__version__} - {citation['date-released']}"
