"""What a command would do, without doing it: ``dry_run=true``, or ``--dry-run``.

All is checked as it is before training. Nothing is written but what a dataset leaves in its own
cache: it has to be read to be checked.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from sweep.config.schema import Config
from sweep.display.plan import show_prior_runs, show_work
from sweep.errors import UserError
from sweep.files import obstacle
from sweep.runs.locks import known_id
from sweep.runs.resume import standing
from sweep.sweeps.checks import Checked, announce, check_common, check_runs
from sweep.sweeps.sharing import going_on, states_of
from sweep.tracking.reader import Reader

AtOnce = Callable[[Sequence[Config]], int | None]
Epochs = Mapping[tuple[str, str], int]  # to train, by the names of network and dataset


@dataclass(frozen=True)
class _Planned:
    """A run that would be trained; see :class:`~sweep.sweeps.sharing.Planned`."""

    number: int
    config: Config
    chain: str


def rehearse(
    configs: Sequence[Config], count_gpus: Callable[[Config], int], at_once: AtOnce
) -> None:
    """Check runs, and print which of them would be trained, and how long that may take.

    Args:
        configs: at least one.
        count_gpus: returns how many GPUs there are where the runs are trained.
        at_once: returns how many of runs are trained at once; None if that is not known.

    Raises:
        UserError: what would be raised before anything trains.
    """
    with _checked(configs, count_gpus, None) as (checked, elsewhere, record):
        keys = [checked.fingerprint(each) for each in elsewhere]
    first, folder_id = configs[0], known_id(Path(configs[0].checkpoint_dir))
    runs = dict(zip(reversed(keys), reversed(configs), strict=True))  # the first of equal ones
    found = {} if first.rerun else standing(record.find_all(list(runs)), folder_id)
    trained = {key for key, each in found.items() if each.trained}
    show_prior_runs(len(keys) - len(runs), len(trained), len(found) - len(trained))
    chains = dict(zip(keys, map(checked.chain, elsewhere), strict=True))
    missing = {
        key: _Planned(number, config, chains[key])
        for number, (key, config) in enumerate(runs.items())
        if key not in trained
    }
    epochs: Counter[tuple[str, str]] = Counter()
    states = states_of(missing, found, Path(first.checkpoint_dir))
    for run, before in going_on([*missing.values()], states):
        config = run.config
        epochs[config.model.name, config.dataset.name] += config.epochs - before
    seconds = _seconds(record, epochs, folder_id)
    together = at_once([each.config for each in missing.values()]) if missing else None
    show_work(len(missing), epochs.total(), seconds, together)


def rehearse_search(
    examples: Sequence[Config],
    count_gpus: Callable[[Config], int],
    at_once: AtOnce,
    announced: Sequence[str],
    count_missing: Callable[[Checked, Config, Reader], int],
) -> None:
    """Check a search, and print what it would search, and how long that may take at most.

    Args:
        examples: runs at the ends of its space.
        count_gpus: returns how many GPUs there are where the runs are trained.
        at_once: returns how many of runs are trained at once; None if that is not known.
        announced: lines that say what is searched.
        count_missing: returns how many trials have not ended, from what is known of the runs, one
            of these with a folder that can be written to, and the record.

    Raises:
        UserError: what would be raised before anything trains.
    """
    with _checked(examples, count_gpus, announced) as (checked, elsewhere, record):
        missing = count_missing(checked, elsewhere[0], record)
    first, folder_id = examples[0], known_id(Path(examples[0].checkpoint_dir))
    longest = max(each.epochs for each in examples)
    epochs = {(first.model.name, first.dataset.name): missing * longest}
    together = at_once([first] * missing) if missing else None
    show_work(missing, missing * longest, _seconds(record, epochs, folder_id), together)


@contextmanager
def _checked(
    configs: Sequence[Config], count_gpus: Callable[[Config], int], announced: Sequence[str] | None
) -> Iterator[tuple[Checked, Sequence[Config], Reader]]:
    """Check and announce runs, as :func:`~sweep.sweeps.checks.prepare` does.

    Yield what is known of them, the runs with copies in another folder, and the record.
    """
    folder, tracking = configs[0].checkpoint_dir, configs[0].tracking
    check_common(configs)
    record = Reader(tracking.uri, tracking.experiment)
    if why := obstacle(Path(folder, "locks")):
        raise UserError(
            f"checkpoint_dir={folder}: cannot be written ({why}); allowed is a folder for "
            "checkpoints that can"
        )
    record.check_artifacts()
    with tempfile.TemporaryDirectory() as nowhere:
        elsewhere = [replace(each, checkpoint_dir=nowhere) for each in configs]
        checked = check_runs(elsewhere, count_gpus)
        announce(checked, elsewhere, announced)
        yield checked, elsewhere, record


def _seconds(record: Reader, epochs: Epochs, folder_id: str | None) -> float | None:
    """Return how long all epochs take one after another; None if nothing like them is recorded."""
    seconds = 0.0
    for (network, dataset), number in epochs.items():
        if not (taken := record.epoch_seconds(network, dataset, folder_id)):
            return None
        seconds += number * median(taken)
    return seconds
