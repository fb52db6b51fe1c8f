"""Values that are tried before any are suggested: ``search.enqueue``."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial

from sweep.config.params import as_text
from sweep.config.schema import Search
from sweep.display.console import count
from sweep.errors import UserError, nearest
from sweep.search.space import Space

ENQUEUED = "enqueued"  # the attribute of a trial with the values that were given for it, as JSON
Params = Mapping[str, Any]  # of a trial, or some of them, as Optuna has them


def enqueued(search: Search, space: Space) -> list[Params]:
    """Return the values that are tried first, as Optuna suggests them; those given twice once.

    Raises:
        UserError: one is outside of what is searched.
    """
    found = [_params(each, space) for each in search.enqueue or ()]
    return [each for place, each in enumerate(found) if each not in found[:place]]


def _params(given: Mapping[str, Any], space: Space) -> Params:
    """Return what was given for one run, as Optuna suggests it."""
    dimensions = {each.name: each for each in space.dimensions}
    found: dict[str, Any] = {}
    for name, value in given.items():
        if (dimension := dimensions.get(name)) is None:
            raise UserError(
                f"search.enqueue: {name}={as_text(value)} is not searched"
                f"{nearest(name, dimensions)}; allowed: {', '.join(dimensions)}"
            )
        found[name] = dimension.suggested(value)
        if found[name] is None:
            raise UserError(
                f"search.enqueue: {name}={as_text(value)} is outside of what is searched; allowed: "
                f"{dimension.text}"
            )
    for name, value in given.items():
        if not dimensions[name].is_searched_with(found):
            raise UserError(
                f"search.enqueue: {name}={as_text(value)} is searched with "
                f"{dimensions[name].condition} alone; allowed is to give that with it"
            )
    return found


def untried(params: Sequence[Params], trials: Sequence[FrozenTrial]) -> list[Params]:
    """Return those of the values that are to be tried first for which there is no trial yet.

    Args:
        params: as :func:`enqueued` returns them.
        trials: of the study.
    """
    tried = {each.user_attrs.get(ENQUEUED) for each in trials}
    return [each for each in params if key_of(each) not in tried]


def key_of(params: Params) -> str:
    """Return a text by which a trial is known for that of these values."""
    return json.dumps(params, sort_keys=True)


def check_room(missing: Sequence[Params], trials: int, n_trials: int) -> None:
    """Check that all that is to be tried first is tried at all.

    Args:
        missing: what is not tried yet.
        trials: that there are already.
        n_trials: that there shall be in all.

    Raises:
        UserError: there are too few.
    """
    if missing and trials + len(missing) > n_trials:
        before = f", after {count(trials, 'trial')} of before" if trials else ""
        raise UserError(
            f"search.n_trials={n_trials}: too few for search.enqueue, of which "
            f"{count(len(missing), 'run')} {'is' if len(missing) == 1 else 'are'} to be tried"
            f"{before}; allowed is {trials + len(missing)} or more"
        )
