"""``keep_models=best``: at its end a sweep keeps the parameters and the model of its best run."""

import logging
from pathlib import Path

from sweep.config.params import score_metric
from sweep.config.schema import Config
from sweep.display.console import count, show_lines
from sweep.errors import UserError
from sweep.tracking import Tracker, reason

log = logging.getLogger(__name__)


def keep_best_model(tracker: Tracker, sweep_id: str, config: Config) -> None:
    """Remove the parameters and models of a sweep's other runs; what goes wrong is only told.

    Those of runs that another sweep uses stay, those that another run has started from, and those
    in MLflow's registry. All stay while another sweep of the experiment is at work: what it uses is
    not recorded yet. The same command does it later.

    Args:
        tracker: of the experiment.
        sweep_id: the parent run.
        config: of one of the runs.
    """
    # They import pandas and MLflow's stores, which a sweep has by now.
    from sweep.results.best_model import spare_runs
    from sweep.tracking import drop_parameters, read_models

    experiment, metric = tracker.experiment, score_metric(config)
    try:
        spare = spare_runs(tracker.uri, experiment, sweep_id, metric, Path(config.checkpoint_dir))
        models = [each for each in read_models(tracker.uri) if each.run_id in spare]
        removed = drop_parameters(tracker.uri, spare, models)
    except UserError as error:
        show_lines(f"Models:  none removed: {error}; the same command tries again")
    except (Exception, KeyboardInterrupt) as error:  # all runs are trained and recorded
        log.exception("models of sweep %s could not be removed", sweep_id)
        show_lines(f"Models:  not all removed ({reason(error)}); the same command tries again")
    else:
        if removed:
            others = count(len(removed), "other")
            show_lines(f"Models:  that of the best run is kept; {others} removed")
