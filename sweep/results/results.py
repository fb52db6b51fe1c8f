"""What came out of a sweep, read from the record for a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from sweep.config.compose import fields
from sweep.config.metrics import OF_A_RUN, Direction
from sweep.results.confusion import Confusion, read_confusions
from sweep.results.importance import Importance, NotComputed, importance, most_important
from sweep.results.leaderboard import rank_configurations, rank_runs
from sweep.results.recall import ClassRecall, recalls
from sweep.results.runs import ENDS, RecordedRuns, recorded_runs
from sweep.results.values import are_numbers
from sweep.tracking import read_histories, read_name

MOST_CURVES = 1000
BEST_CURVES = 20  # of these, so that the best runs can be compared
MOST_CONFUSIONS = 20  # each is a file of a run
T = TypeVar("T")


@dataclass(frozen=True)
class Results:
    """What came out of a sweep, or of all runs of an experiment.

    Attributes:
        experiment: MLflow's.
        sweep_id: the run id of the sweep's parent; None for all runs of the experiment.
        name: of the sweep: its overrides; None for all runs of the experiment.
        metric: by which runs are ranked.
        direction: whether more of it is better, or less.
        runs: the leaderboard, with a row for each run.
        configurations: the leaderboard, with a row for all runs that differ only in their seed.
        metrics: the names of its columns that are metrics.
        curves: ``run_id``, ``epoch``, and the metrics; one row a run and epoch. Of more runs than
            ``MOST_CURVES``, the best and some of all ranks.
        parameters: in which runs differ; of those that always move together, the first.
        together: the others, by the name of that first one.
        importance: of the parameters, or why it is not known.
        main_parameter: the most important one, as far as that can be told; None if none varies.
        confusions: of the best runs, without those that kept no answers.
    """

    experiment: str
    sweep_id: str | None
    name: str | None
    metric: str
    direction: Direction
    runs: pd.DataFrame
    configurations: pd.DataFrame
    metrics: Sequence[str]
    curves: pd.DataFrame
    parameters: Sequence[str]
    together: Mapping[str, Sequence[str]]
    importance: Importance | NotComputed
    main_parameter: str | None
    confusions: Sequence[Confusion] = ()

    @property
    def ranked(self) -> pd.DataFrame:
        """The runs that have a rank, the best first."""
        return self.runs[self.runs["rank"].notna()]

    @property
    def others(self) -> pd.DataFrame:
        """The runs that have none: failed, killed, running, or without the metric."""
        return self.runs[self.runs["rank"].isna()]

    @property
    def recalls(self) -> Sequence[ClassRecall]:
        """Those of the classes, by the best run, the worst first; none if it kept no answers."""
        best = next(iter(self.ranked["run_id"]), None)
        return next((recalls(each) for each in self.confusions if each.run_id == best), [])


def read_results(
    experiment: str | None,
    sweep: str | None,
    metric: str | None,
    direction: Direction | None = None,
    tracking_uri: str | None = None,
) -> Results:
    """Read what came out, with the arguments of :func:`sweep.load_leaderboard`.

    Raises:
        UserError: there is no such record, or no run has that metric.
    """
    recorded = recorded_runs(tracking_uri, experiment, sweep)
    return results_of(recorded, metric or recorded.usual_metric, direction)


def results_of(recorded: RecordedRuns, metric: str, direction: Direction | None = None) -> Results:
    """Return what came out, of runs that have been read; their curves are read here.

    Raises:
        UserError: the record cannot be read any more, or no run has that metric.
    """
    direction = direction or recorded.direction(metric)
    runs = rank_runs(recorded, metric, direction)
    if metric not in runs:  # no run has ended well
        runs[metric] = float("nan")
    others = {"rank", "run", "status", *runs.attrs["parameters"], *ENDS}
    metrics = [str(name) for name in runs if name not in others]
    measured = [name for name in metrics if name not in OF_A_RUN]
    groups = move_together(runs[_in_order(runs.attrs["parameters"])])
    ranked = runs[runs["rank"].notna()]
    finite = ranked[np.isfinite(ranked[metric].astype(float))]
    params = finite[[name for name in groups if finite[name].nunique(dropna=False) > 1]]
    found = (
        importance(params, list(finite[metric]))
        if len(ranked)
        else NotComputed("no run has ended well")
    )
    main = next(iter(groups), None)
    if isinstance(found, Importance) and found.explained > 0:
        main = found.parameters[0]
    elif params.shape[1]:
        main = most_important(params, list(finite[metric]))
    return Results(
        experiment=recorded.experiment,
        sweep_id=recorded.sweep_id,
        name=read_name(recorded.uri, recorded.sweep_id) if recorded.sweep_id else None,
        metric=metric,
        direction=direction,
        runs=runs,
        configurations=rank_configurations(recorded, metric, direction),
        metrics=metrics,
        curves=read_histories(recorded.uri, _drawn(list(runs["run_id"])), measured),
        parameters=list(groups),
        together=groups,
        importance=found,
        main_parameter=main,
        confusions=read_confusions(recorded.uri, list(ranked["run_id"].head(MOST_CONFUSIONS))),
    )


def evenly(items: Sequence[T], most: int) -> Sequence[T]:
    """Return every item, or every second, third, … from the first on, so that they are not more."""
    return items[:: max(-(-len(items) // most), 1)]


def _drawn(run_ids: Sequence[str]) -> list[str]:
    """Return the runs whose curves are drawn: the best, and of very many others some of all ranks.

    Args:
        run_ids: in the order of their ranks.
    """
    best, others = run_ids[:BEST_CURVES], run_ids[BEST_CURVES:]
    return [*best, *evenly(others, MOST_CURVES - BEST_CURVES)]


def _in_order(parameters: Sequence[str]) -> list[str]:
    """Return parameters in the schema's order, so that ``model.name`` comes before its fields."""
    known = fields()
    return sorted(parameters, key=lambda name: (*known, name).index(name))


def move_together(params: pd.DataFrame) -> dict[str, list[str]]:
    """Return the parameters in which runs differ, each with the others that tell the same apart.

    ``model=mlp,lenet`` changes a network's name, its hidden layers and its activation: one choice.

    Args:
        params: one row a run, one column a parameter.
    """
    first: dict[bytes, str] = {}
    groups: dict[str, list[str]] = {}
    for name in map(str, params):
        codes, distinct = pd.factorize(params[name], use_na_sentinel=False)
        if len(distinct) < 2:
            continue
        # Numbers that are drawn at random are different in every run, and independent.
        independent = len(distinct) == len(params) and are_numbers(distinct)
        leader = name if independent else first.setdefault(codes.tobytes(), name)
        groups.setdefault(leader, [])
        if leader != name:
            groups[leader].append(name)
    return groups
