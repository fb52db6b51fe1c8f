"""Metrics of a user's own, from the command to the record and back."""

from workplace import Workplace

METRICS = """from my_parts import LABELS


def misses(labels, scores):
    return (scores.argmax(axis=1) != labels).mean()
"""


def test_a_sweep_is_ranked_by_it_and_its_record_has_all_that_is_needed_to_do_it_again(tmp_path):
    place = Workplace(tmp_path)
    (tmp_path / "my_metrics.py").write_text(METRICS)
    (tmp_path / "my_parts.py").write_text("LABELS = 10\n")
    given = ("metrics=[accuracy,my_metrics.misses@min]", "monitor=val/misses", "model=mlp")
    given += ("model.hidden=[8]", "epochs=1", "figures=false", "context=cpu", "optim.lr=0.01,0.1")
    place.run(*given, "--multirun")
    runs = place.runs("sweep")[1]
    assert len({run.data.params["metrics_source"] for run in runs}) == 1
    for run in runs:
        assert abs(run.data.metrics["test/misses"] + run.data.metrics["test/accuracy"] - 1) < 1e-6
    best = min(runs, key=lambda run: run.data.metrics["val_at_best/misses"])
    lines = place.run("leaderboard", "--metric", "val/misses")
    assert lines[0] == "Leaderboard: by val/misses, the lowest first"
    assert best.info.run_id in "".join(lines)
    (tmp_path / "my_parts.py").write_text("raise RuntimeError('the files of today')\n")
    assert place.run("reproduce", best.info.run_id)[-1] == "Parameters: identical"
