"""Runs and sweeps that are recorded already, as far as it matters for going on with them."""

import gc
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweep.config.metrics import at_best
from sweep.errors import RunFailed
from sweep.tracking.names import (
    DIVERGED,
    FAILURE,
    FINGERPRINT,
    FOLDER,
    KIND,
    MLFLOW_PARENT_RUN_ID,
    PAUSED_AFTER,
    PRUNED_AFTER,
    SWEEP,
)
from sweep.tracking.parts import pages

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.store.entities import PagedList

ANY_LETTER = str.maketrans("'\\", "__")  # as LIKE has it
NAME_LETTERS = 250  # of a run: what PostgreSQL takes, while SQLite takes any number
RUNS_A_PAGE = 1000  # so many are in memory with all that MLflow makes of them

Curves = Mapping[str, Mapping[int, float]]  # a metric's name: the epoch: the value


class Tagged:
    """What is told by the status and the tags of a run or a sweep."""

    status: str
    tags: Mapping[str, str]

    @property
    def is_sweep(self) -> bool:
        """Whether it is the parent run of a sweep."""
        return self.tags.get(KIND) == SWEEP

    @property
    def finished(self) -> bool:
        """Whether it is FINISHED."""
        return self.status == "FINISHED"

    @property
    def state(self) -> str:
        """Its status, PRUNED or PAUSED: MLflow has none but KILLED for these."""
        if self.status == "KILLED" and PRUNED_AFTER in self.tags:
            return "PRUNED"
        return "PAUSED" if self.status == "KILLED" and PAUSED_AFTER in self.tags else self.status

    @property
    def fingerprint(self) -> str | None:
        """What identifies its result."""
        return self.tags.get(FINGERPRINT)

    @property
    def sweep_id(self) -> str | None:
        """The run id of the sweep that it belongs to."""
        return self.tags.get(MLFLOW_PARENT_RUN_ID)

    @property
    def folder_id(self) -> str | None:
        """The id of the folder that its checkpoints are in."""
        return self.tags.get(FOLDER)


@dataclass(frozen=True)
class RunInfo(Tagged):
    """A run or a sweep that is recorded.

    Attributes:
        run_id: MLflow's.
        name: MLflow's.
        status: RUNNING, FINISHED, FAILED or KILLED.
        params: as they are recorded.
        metrics: the last value of each.
        tags: as they are recorded.
    """

    run_id: str
    name: str
    status: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]

    @property
    def pruned(self) -> bool:
        """Whether it was stopped because others got further, and did not go on since."""
        return self.state == "PRUNED"

    @property
    def paused(self) -> bool:
        """Whether it waits for its search to let it go on."""
        return self.state == "PAUSED"

    @property
    def diverged(self) -> bool:
        """Whether it failed because its loss is not finite: the same would happen again.

        Version 0.1.0 had no tag for it: the reason begins with the word.
        """
        return DIVERGED in self.tags or self.tags.get(FAILURE, "").startswith(DIVERGED)


def now_ms() -> int:
    """Return the time, in milliseconds since 1970, as MLflow has it."""
    return int(time.time() * 1000)


def reason(error: BaseException) -> str:
    """Return an error's kind and text in one line."""
    text = " ".join(str(error).split()) or "no message"
    return (text if isinstance(error, RunFailed) else f"{type(error).__name__}: {text}")[:500]


def run_info(run: "Run") -> RunInfo:
    """Return what matters of MLflow's run."""
    return RunInfo(
        run_id=run.info.run_id,
        name=run.info.run_name,
        status=run.info.status,
        params=run.data.params,
        metrics={name: as_measured(value) for name, value in run.data.metrics.items()},
        tags=run.data.tags,
    )


def kept_value(run: RunInfo, metric: str) -> float:
    """Return a metric of the epoch that the run kept; what has no best epoch, of its last."""
    return run.metrics.get(at_best(metric), run.metrics[metric])


def as_measured(value: float) -> float:
    """Return what was measured: databases keep the largest number in the place of infinity."""
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def as_name(name: str) -> str:
    """Return the name of a run as far as every database of MLflow's takes it."""
    return name if len(name) <= NAME_LETTERS else f"{name[: NAME_LETTERS - 1]}…"


def is_equal(what: str, value: str) -> str:
    """Return MLflow's condition that a text of a run has this value; others may fulfil it, too.

    None can hold both quotes. Where the value does, any letter will do in the place of one kind,
    and of a backslash, which databases do not take alike then; and a % or _ in it stands for any.
    """
    for quote in "'\"":
        if quote not in value:
            return f"{what} = {quote}{value}{quote}"
    return f"{what} LIKE '{value.translate(ANY_LETTER)}'"


def search(
    client: "MlflowClient",
    experiment_ids: Sequence[str],
    condition: str,
    at_once: int | None = None,
) -> Iterator["Run"]:
    """Return the runs of experiments that fulfil a condition of MLflow's, the newest first.

    Args:
        client: MLflow's.
        experiment_ids: MLflow's.
        condition: as MLflow writes it.
        at_once: how many are asked for in one question, at most; None for as many as is good.
    """
    size = RUNS_A_PAGE if at_once is None else min(at_once, RUNS_A_PAGE)

    def page(token: str | None) -> "PagedList[Run]":
        with _uncollected():
            return client.search_runs(
                [*experiment_ids], condition, max_results=size, page_token=token
            )

    return pages(page)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the collection of cyclic garbage.

    A page of runs is some 50,000 objects of SQLAlchemy's and MLflow's, none of them in a cycle that
    outlives it; that Python looks through them all again and again takes longer than making them
    (``benchmarks/leaderboard.py``).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
