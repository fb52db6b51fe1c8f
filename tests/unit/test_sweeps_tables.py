"""What benchmarks/sweeps.py says of what it measured."""

import copy

import pytest
from sweeps_tables import plot, publish, tables, tolerance

LINE = {"seconds": 10.0, "speed": 4_000.0, "limit": 5_000.0, "part": 0.8, "code": "abc1234"}
REPEAT = {
    "sweep": {**LINE, "accuracies": {"1": [0.94, 0.96], "2": [0.96, 0.98], "3": [0.97, 0.99]}},
    "torch processes": {**LINE, "part": 0.5, "accuracies": {"3": [0.96, 0.98]}},
    "ray tune": {**LINE, "part": 0.5, "accuracies": {"3": [0.50, 0.52]}},
    "torch loop": {**LINE, "part": 0.4, "accuracies": {"1": [0.93, 0.95]}},
}
RESULTS = {
    "machine": "a machine",
    "versions": ["torch==2.13.0"],
    "size": "whole",
    "workloads": {"lenet": [REPEAT]},
}


def row(name: str) -> list[str]:
    (found,) = [line for line in tables(RESULTS).splitlines() if line.startswith(f"| {name} | 10")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_a_contender_is_compared_by_its_part_of_the_limit():
    assert row("torch processes")[3:5] == ["0.50", "1.60"]


def test_a_contender_that_learns_less_is_none():
    # 31.6 is Student's t of two degrees of freedom, for one in a thousand; 0.01414 is the error
    assert row("torch processes")[5] == "0.970 (ours: 0.980 ± 0.447)"
    assert row("ray tune")[5] == "0.510 (ours: 0.980 ± 0.447), trains something else"


def test_accuracies_are_compared_after_as_many_epochs():
    assert row("torch loop")[5] == "0.940 (ours: 0.950 ± 0.447)"


# Student's t for one in a thousand: 4.140 of 8 + 8 - 2 degrees of freedom, 5.041 of 8 + 2 - 2
@pytest.mark.parametrize(
    ("runs", "expected"),
    [(8, 4.140 * (0.0016 / 14 * 2 / 8) ** 0.5), (2, 5.041 * (0.0010 / 8 * 5 / 8) ** 0.5)],
)
def test_more_runs_show_smaller_differences(runs, expected):
    ours = [0.97, 0.99] * 4  # each 0.01 from the mean
    assert tolerance([ours[:runs]], [ours]) == pytest.approx(expected, rel=1e-3)


def test_repeats_are_no_more_runs():
    one = [0.97, 0.98, 0.99]
    assert tolerance([one] * 3, [one] * 2) == pytest.approx(tolerance([one], [one]))


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


def of(*repeats):
    return {**RESULTS, "workloads": {"lenet": [*repeats]}}


def test_versions_are_beside_the_machine():
    assert "Median (lowest to highest); a machine; torch 2.13.0." in tables(RESULTS)


def test_what_was_measured_of_the_program_is_named_once_each():
    other = {"sweep": {**REPEAT["sweep"], "code": "def5678 with changes"}}
    assert "\nThe program: abc1234, def5678 with changes.\n" in tables(of(REPEAT, other))


def test_a_repeat_that_was_cut_short_counts_for_those_it_has():
    cut = {"torch processes": REPEAT["torch processes"] | {"part": 0.4}}
    found = tables(of(REPEAT, cut))
    assert "**8 × lenet, 3 epochs, mnist; repeats: 2**" in found
    assert "| 0.45 (0.40 to 0.50) | 1.60 | 0.970 (ours: 0.980 ± 0.447) |" in found


def test_without_the_sweep_there_is_nothing_to_compare_with():
    found = tables(of({"torch processes": REPEAT["torch processes"]}))
    assert "| 0.50 |  | 0.970 |" in found
    assert "| 8 × lenet, 3 epochs, mnist | torch processes | 1.5 | not measured | |" in found


def test_who_failed_is_named_and_the_others_compared():
    failed = {**REPEAT, "ray tune": {"failed": "exit 1: no memory"}}
    found = tables(of(failed, REPEAT))
    assert found.endswith("\n\n- ray tune failed, lenet, repeat 1: exit 1: no memory\n")
    assert "| ray tune | 10.0 |" in found


@pytest.mark.parametrize("cut", [{}, {"ray tune": {"failed": "exit 1"}}])
def test_a_repeat_of_which_nothing_was_measured_is_none(cut, tmp_path):
    assert tables(of(REPEAT, cut)).splitlines()[0].endswith("repeats: 1**")
    plot(of(REPEAT, cut), tmp_path / "plot.svg")


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
