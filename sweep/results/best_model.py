"""Which runs of a sweep are not its best, and needed by nothing else."""

from pathlib import Path

from sweep.errors import UserError
from sweep.results.leaderboard import rank_configurations, rank_runs
from sweep.results.runs import recorded_runs
from sweep.results.uses import by_run, uses
from sweep.runs.alive import Work
from sweep.tracking import read_entries, read_models, registered_models


def spare_runs(
    uri: str, experiment: str, sweep_id: str, metric: str, checkpoints: Path
) -> set[str]:
    """Return the FINISHED runs that a sweep has trained itself, without which it has its best one.

    Args:
        uri: of the record.
        experiment: MLflow's.
        sweep_id: the run id of the sweep's parent.
        metric: by which runs are ranked.
        checkpoints: the folder of checkpoints, in which it can be seen what is at work.

    Raises:
        UserError: the record cannot be read, no run is ranked, or it is not known what another
            sweep of the experiment uses.
    """
    recorded = recorded_runs(uri, experiment, sweep_id)
    tables = [rank(recorded, metric, None) for rank in (rank_configurations, rank_runs)]
    best = {str(table["run_id"].iloc[0]) for table in tables if table["rank"].notna().any()}
    if not best:
        raise UserError("no run is ranked, so there is no best one")
    entries = read_entries(uri, ())
    own = [each for each in entries if each.sweep_id == sweep_id]
    by = [each for each in entries if each.run_id != sweep_id]
    names = registered_models(uri)
    used = uses(uri, own, by, by_run(read_models(uri)), names, Work(checkpoints))
    if why := used.of_experiments.get(experiment):
        raise UserError(why)
    finished = set(recorded.ends.loc[recorded.finished, "run_id"])
    return ({each.run_id for each in own} & finished) - {*used.of_runs} - best
