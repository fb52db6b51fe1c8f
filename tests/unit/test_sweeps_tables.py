"""What benchmarks/sweeps.py says of what it measured."""

import copy

from sweeps_tables import publish, tables

LINE = {"seconds": 10.0, "speed": 4_000.0, "limit": 5_000.0, "part": 0.8}
REPEAT = {
    "sweep": {**LINE, "accuracies": {"1": 0.95, "2": 0.97, "3": 0.98}},
    "torch processes": {**LINE, "part": 0.5, "accuracies": {"3": 0.97}},
    "ray tune": {**LINE, "part": 0.5, "accuracies": {"3": 0.9}},
    "torch loop": {**LINE, "part": 0.4, "accuracies": {"1": 0.94}},
}
RESULTS = {"machine": "a machine", "size": "whole", "workloads": {"lenet": [REPEAT]}}


def row(name: str) -> list[str]:
    (found,) = [line for line in tables(RESULTS).splitlines() if line.startswith(f"| {name} | 10")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_a_contender_is_compared_by_its_part_of_the_limit():
    assert row("torch processes")[3:5] == ["0.50 (0.50 to 0.50)", "1.60 (1.60 to 1.60)"]


def test_a_contender_that_learns_less_is_none():
    assert row("torch processes")[5] == "0.970 (ours: 0.980)"
    assert row("ray tune")[5] == "0.900 (ours: 0.980), trains something else"


def test_accuracies_are_compared_after_as_many_epochs():
    assert row("torch loop")[5] == "0.940 (ours: 0.950)"


def test_goals_are_met_missed_or_not_measured():
    goals = [line for line in tables(RESULTS).splitlines() if line.startswith("| 8 × lenet")]
    assert [line.split("|")[2:6] for line in goals] == [
        [" torch processes ", " 1.5 ", " 1.60 ", " met "],
        [" torch processes, compiled ", " 1.2 ", " not measured ", " "],
        [" ray tune ", " 1.8 ", " 1.60 ", " missed "],
        [" limit ", " 0.88 ", " 0.80 ", " missed "],
    ]


def test_the_median_of_repeats_counts():
    slow, fast = copy.deepcopy(REPEAT), copy.deepcopy(REPEAT)
    slow["sweep"]["part"], fast["sweep"]["part"] = 0.7, 0.9
    results = {**RESULTS, "workloads": {"lenet": [slow, REPEAT, fast]}}
    assert "| sweep | 10.0 (10.0 to 10.0) | 4,000 (4,000 to 4,000) | 0.80 (0.70 to 0.90)" in tables(
        results
    )


def test_only_its_place_in_the_page_is_written(tmp_path, monkeypatch):
    page, images = tmp_path / "speed.md", tmp_path / "images"
    images.mkdir()
    place = "<!-- sweeps.py: from here -->\n{}<!-- sweeps.py: to here -->\n"
    page.write_text(f"before\n{place.format('old')}after\n")
    monkeypatch.setattr("sweeps_tables.DOCS", tmp_path)
    publish(RESULTS)
    publish(RESULTS)
    written = place.format(f"\n{tables(RESULTS)}\n")
    assert page.read_text() == f"before\n{written}after\n"
    assert (images / "sweeps.svg").read_text().count("8 × lenet, 3 epochs, mnist") >= 1
