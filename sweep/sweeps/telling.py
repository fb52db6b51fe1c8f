"""How a sweep, or a single run, has ended: told elsewhere, if somebody wants to know."""

import math
import socket
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sweep.config.params import score_metric
from sweep.config.schema import Config
from sweep.display.console import show_lines
from sweep.notifying import notify
from sweep.uris import redacted, resolve_uri

if TYPE_CHECKING:
    from sweep.results.runs import RecordedRuns


class Telling:
    """Tells, when it is left, how what went on meanwhile has ended.

    Attributes:
        run_id: of the sweep's parent run, or of the single run; nothing is told without.
        recorded: what was read of a sweep's runs, if it was.
    """

    def __init__(self, config: Config, name: str) -> None:
        """Begin.

        Args:
            config: of one of the runs.
            name: of the sweep, or of the run.
        """
        self._config, self._name, self._begin = config, name, time.monotonic()
        self.run_id: str | None = None
        self.recorded: RecordedRuns | None = None

    def __enter__(self) -> "Telling":
        """Begin to listen."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell; what was raised is raised on."""
        given = self._config.notify
        if self.run_id and (given.command or given.url):
            show_lines(*notify(given.command, given.url, self._outcome(error)))

    def _outcome(self, error: BaseException | None) -> dict[str, Any]:
        tracking = self._config.tracking
        return {
            "event": _event(error),
            "name": self._name,
            "id": self.run_id,
            "experiment": tracking.experiment,
            "tracking_uri": redacted(resolve_uri(tracking.uri)),
            "host": socket.gethostname(),
            "seconds": round(time.monotonic() - self._begin, 1),
            "reason": " ".join(str(error).split()) if error else "",
            **self._results(),
        }

    def _results(self) -> dict[str, Any]:
        """Return how many runs ended how, and the best value of what they are ranked by."""
        if self.recorded is None:
            return {}
        # It imports pandas, which the start of a sweep does not wait for.
        from sweep.config.metrics import direction_of
        from sweep.results.overview import counts

        metric = score_metric(self._config)
        runs = counts(self.recorded.ends["status"])
        known = self.recorded.metrics.get(metric)
        if known is None:
            return {"runs": runs}
        values = known[self.recorded.finished].dropna()
        best = math.nan
        if len(values):
            direction = direction_of(metric, self._config.metrics)
            best = float(values.max() if direction == "max" else values.min())
        found = {"metric": metric, "best": best} if math.isfinite(best) else {}
        return {"runs": runs, **found}


def _event(error: BaseException | None) -> str:
    if error is None:
        return "finished"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
