from pathlib import Path
from xml.etree import ElementTree

import fake_runs
import fake_store
import pytest
from mlflow import MlflowClient
from record import new_record

from sweep.reporting.palette import DARK, LIGHT
from sweep.watching import figures
from sweep.watching.figures import drawn
from sweep.watching.snapshot import read_snapshot


@pytest.fixture
def sweep(tmp_path):
    """Four runs, of which one trains; the name of another is no name."""
    uri, runs = new_record(tmp_path), fake_store.grid(epochs=3, seed=["0", "1", "<script>&", "3"])
    runs[3].status, runs[3].once = "RUNNING", {}
    ids, parent = fake_runs.fill(uri, "sweep", runs, "optim.lr=0.1,0.2")
    return uri, ids, parent


@pytest.fixture
def not_drawn(monkeypatch):
    """Let each picture be empty: when they are drawn is asked, and not what."""
    monkeypatch.setattr(figures, "page_svg", lambda *figure: "<svg></svg>")


def test_the_figures_of_the_report_are_pictures(sweep):
    uri, ids, parent = sweep
    found = drawn(read_snapshot(uri, parent, Path("nowhere")), None)
    assert [each.title for each in found.parts][:3] == [
        "Learning curves",
        "Two runs side by side",
        "val/accuracy against each parameter",
    ]
    assert "Point at" not in found.parts[0].text  # which is for the report alone
    assert found.pictures[0].label == "Learning curves"
    for each in found.pictures:
        root = ElementTree.fromstring(each.svg)  # it is whole, whatever names there are
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        style = root[0].text
        assert LIGHT.ink in style and DARK.ink in style
        assert "script" not in {child.tag.rpartition("}")[2] for child in root.iter()}


def test_they_are_drawn_again_when_a_run_has_ended_and_not_before(sweep, not_drawn):
    uri, ids, parent = sweep
    client, first = MlflowClient(uri), drawn(read_snapshot(uri, parent, Path("nowhere")), None)
    client.log_metric(ids[3], "val/accuracy", 0.5, step=21)
    again = drawn(read_snapshot(uri, parent, Path("nowhere")), first)
    assert again is first
    client.set_terminated(ids[3], "KILLED")
    later = drawn(read_snapshot(uri, parent, Path("nowhere")), again)
    assert later is not first and later.version != first.version


def test_a_run_that_is_paused_has_come_to_no_bad_end(sweep, not_drawn):
    uri, ids, parent = sweep
    client = MlflowClient(uri)
    client.update_run(parent, "RUNNING")
    first = drawn(read_snapshot(uri, parent, Path("nowhere")), None)
    client.set_tag(ids[3], "paused_after_epoch", "2")
    client.set_terminated(ids[3], "KILLED")
    assert drawn(read_snapshot(uri, parent, Path("nowhere")), first) is first
    client.set_terminated(parent, "KILLED")  # and now it does not go on
    assert drawn(read_snapshot(uri, parent, Path("nowhere")), first) is not first


def test_before_a_run_has_ended_well_there_are_none(tmp_path):
    uri = new_record(tmp_path)
    runs = fake_store.two_runs()
    runs[0].status, runs[1].status = "RUNNING", "FAILED"
    _, parent = fake_runs.fill(uri, "sweep", runs, "optim.lr=0.1,0.2")
    assert drawn(read_snapshot(uri, parent, Path("nowhere")), None).parts == ()
