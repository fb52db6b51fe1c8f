"""What is typed after ``sweep`` besides Hydra's overrides, as Hydra takes it."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import EnumNode, ValidationError

from sweep.config.hydra_flags import hydras_parser
from sweep.config.overrides import quoted
from sweep.config.own_sweepers import NAMES, NO_DRY_RUN, check_combinations
from sweep.config.zips import ZIP, check_name
from sweep.errors import UserError

DRY_RUN = {"--dry-run": "dry_run=true"}
OF_THE_SWEEPER = {"sweep.from": "hydra.sweeper.from", "sweep.where": "hydra.sweeper.where"}


def with_overrides_for_flags(given: Sequence[str]) -> list[str]:
    """Return the arguments with our own flags as overrides, beside the others."""
    asked = [DRY_RUN[each] for each in given if each in DRY_RUN]
    return _beside([each for each in given if each not in DRY_RUN], asked)


def _beside(given: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """Return the arguments with more overrides: Hydra's parser takes them in one place alone."""
    known, _ = hydras_parser().parse_known_args(list(given))
    end = given.index(known.overrides[-1]) + 1 if known.overrides else len(given)
    return [*given[:end], *overrides, *given[end:]]


def for_the_sweeper(given: Sequence[str]) -> list[str]:
    """Return the arguments with what makes the combinations of a sweep where its sweeper finds it.

    ``sweep.from``, ``sweep.where`` and ``NAME=zip(…)`` are no values of a run's fields, and Hydra's
    grammar would refuse some of them. In a file they are in ``hydra.sweeper`` in the first place.

    Raises:
        UserError: there is no sweep, or one of another package's sweeper; or the name of a zip is
            another's.
    """
    return [_for_the_sweeper(each, given) for each in given]


def _for_the_sweeper(argument: str, given: Sequence[str]) -> str:
    key, _, value = argument.partition("=")
    is_zip = ZIP.match(argument) is not None
    if not is_zip and key not in OF_THE_SWEEPER:
        return argument
    if not _is_sweep(given):
        raise UserError(f"{argument}: is for sweeps; allowed is to add --multirun")
    if sweeper := last_value("hydra/sweeper", given):
        check_combinations(argument, sweeper)
    if is_zip:
        check_name(argument)
        return f"++hydra.sweeper.params.{key}={quoted(value)}"
    return f"{OF_THE_SWEEPER[key]}={quoted(value)}"


def _is_sweep(given: Sequence[str]) -> bool:
    """Return whether Hydra is told to sweep: by its flag, however short, or by its mode."""
    known, _ = hydras_parser().parse_known_args(list(given))
    if known.multirun:
        return True
    with suppress(ValidationError):
        mode = last_value("hydra.mode", known.overrides)
        return EnumNode.validate_and_convert_to_enum(RunMode, mode) is RunMode.MULTIRUN
    return False


def asks_for_dry_run(overrides: Sequence[str]) -> bool:
    """Return whether overrides say ``dry_run=true``, in whichever way it is written."""
    return last_value("dry_run", overrides) is True


def last_value(key: str, overrides: Sequence[str]) -> Any:
    """Return what overrides set a field to; None if they do not, or cannot be read.

    No others are parsed: those that make combinations are not in Hydra's own grammar.
    """
    given = [each for each in overrides if each.partition("=")[0].lstrip("+") == key]
    with suppress(HydraException):
        return OverridesParser.create().parse_override(given[-1]).value() if given else None
    return None


@contextmanager
def folders_of_hydra(given: Sequence[str]) -> Iterator[list[str]]:
    """Yield the arguments, by which Hydra leaves no folder behind if nothing is to be written.

    Raises:
        UserError: that cannot be.
    """
    known, _ = hydras_parser().parse_known_args(list(given))
    if not asks_for_dry_run(known.overrides):
        yield list(given)
        return
    if last_value("hydra/sweeper", known.overrides) not in (None, *NAMES):
        raise UserError(NO_DRY_RUN)
    with tempfile.TemporaryDirectory() as nowhere:
        yield _beside(given, [f"hydra.run.dir={quoted(nowhere)}", "hydra.output_subdir=null"])
