"""What MLflow and we make of the paths of folders, whatever these are called."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import append_to_uri_path, resolve_uri_if_local

from sweep import uris
from sweep.tracking.locations import local_folder
from sweep.uris import as_address, redacted

# All that a name may have in UTF-8; and more often what has a meaning somewhere.
LETTERS = st.characters(codec="utf-8", exclude_characters="/\0") | st.sampled_from(
    "%#?;:'\"[]${}&=\n41"
)
NAMES = st.text(LETTERS, min_size=1, max_size=60).filter(lambda name: name not in (".", ".."))


# No time is measured, and every run tries the same.
@settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(NAMES, min_size=1, max_size=5))
def test_mlflow_finds_every_folder_by_its_address(names):
    folder = Path("/", *names)
    address = append_to_uri_path(resolve_uri_if_local(as_address(folder)), "7", "artifacts")
    assert local_file_uri_to_path(address) == f"{folder}/7/artifacts"
    assert local_folder(address) == folder / "7" / "artifacts"
    address.encode()  # a database takes nothing else
    assert "'" not in address  # MLflow writes it into SQL as it is
    assert ":" not in address.removeprefix("file:")


def test_usual_names_stay_as_they_are():
    for path in ("/home/ümit/My sweeps/mlruns", "/tmp/a_b-c.d,e=1+2@3~"):
        assert as_address(Path(path)) == path
    assert as_address(Path("/a/50%41 #1?")) == "file:///a/50%2541%20%231%3F"


class CountedPattern:
    """A pattern that adds up how much it is given to look through."""

    def __init__(self, pattern):
        self.pattern, self.letters = pattern, 0

    def search(self, text):
        self.letters += len(text)
        return self.pattern.search(text)


@pytest.mark.parametrize(
    "text", ["x://" * 5000 + "@", "x://@" * 4000, "x://@ " * 4000, "x" * 20_000 + "://@"]
)
def test_a_long_text_is_looked_through_once_for_passwords(text, monkeypatch):
    counted = CountedPattern(uris.BEGIN)
    monkeypatch.setattr(uris, "BEGIN", counted)
    redacted(text)
    assert 0 < counted.letters <= len(text)
