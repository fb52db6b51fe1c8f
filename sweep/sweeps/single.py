"""One run alone, without ``--multirun``: announced, trained, recorded."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sweep.config.checks import check_images
from sweep.config.params import params
from sweep.config.schema import Config
from sweep.data.splits import load_dataset
from sweep.display.console import show_lines
from sweep.display.plan import listed, show_notes, show_plan
from sweep.errors import UserError
from sweep.runs.events import Event, Listener, Recorded
from sweep.runs.execute import execute
from sweep.runs.locks import RunLocks
from sweep.runs.own_networks import Request, tried
from sweep.runs.prepare import resolve_device
from sweep.runs.resume import close_abandoned
from sweep.tracking import Tracker, probe
from sweep.uris import browse_command, redacted, resolve_uri


def train_single(config: Config, overrides: Sequence[str], tell: Listener) -> float:
    """Check, announce and train one run; return its score.

    Args:
        config: checked.
        overrides: what the user overrode, as in ``optim.lr=0.1``; names the run.
        tell: is told how the run gets on.

    Raises:
        UserError: something is wrong; nothing was trained or recorded.
        RunFailed: the run is recorded as FAILED, with its reason.
    """
    if config.run_timeout is not None:
        raise UserError(
            f"run_timeout={config.run_timeout:g}: stops the runs of a sweep; allowed without "
            "--multirun is null"
        )
    config = replace(config, context=resolve_device(config).device_type)
    probe(resolve_uri(config.tracking.uri))
    dataset = load_dataset(config.dataset)
    check_images(config, dataset.train_size, dataset.shape, len(dataset.val))
    found = tried(Request.of(config, dataset))
    config = replace(config, model=found.network)
    tracker = Tracker(config.tracking.uri, config.tracking.experiment)
    locks = RunLocks(Path(config.checkpoint_dir))
    runs = [params(config)]
    place = f"{redacted(tracker.uri)}, experiment {tracker.experiment}"
    show_plan(listed(runs), runs, [dataset.describe()], place, config.context)
    show_notes([found.note])
    close_abandoned(tracker, locks)
    recorded: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Recorded):
            recorded.append(event.run_id)
        tell(event)

    score = execute(config, overrides, listen)
    if recorded:
        show_lines(f"Recorded as run {recorded[-1]}", f"Browse: {browse_command(tracker.uri)}")
    return score
