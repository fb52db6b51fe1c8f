"""What is stored of a study, and whether it is one of this search."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.samplers import RandomSampler
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from sweep.config.params import as_text
from sweep.config.schema import Search
from sweep.display.console import count
from sweep.errors import UserError
from sweep.search.rules import RULE, as_before_pauses, other_rule, shown
from sweep.search.space import in_words
from sweep.search.storage import OPENING, engine_options, explained, has_studies

ABOUT = "sweep"  # the attribute of a study that says what it searches
SEARCHED = "searched"  # in it: its dimensions
SOURCE = "model._source_"  # in it: what identifies the modules of users' networks


def recorded_trials(search: Search, name: str, about: Any) -> Sequence[FrozenTrial]:
    """Return the trials that a study has; nothing is created.

    Args:
        search: its settings.
        name: under which it is stored, if it is.
        about: what must be the same whenever the study goes on; can be written as JSON.

    Raises:
        UserError: the storage cannot be used; or the study is one of another search.
    """
    with explained(search.storage, *OPENING):
        study = _stored(search, name)
        if study is None:
            return []
        trials, before = study.get_trials(deepcopy=False), study.user_attrs.get(ABOUT)
    check_same(name, before, about)
    return trials


def is_of_older_version(search: Search, name: str) -> bool:
    """Return whether there is a study that was begun before runs could pause.

    Raises:
        UserError: the storage cannot be used.
    """
    with explained(search.storage, *OPENING):
        study = _stored(search, name)
        return study is not None and RULE not in study.user_attrs


def _stored(search: Search, name: str) -> optuna.Study | None:
    """Open a study, if there is one; create nothing."""
    if not has_studies(search.storage):
        return None
    storage = RDBStorage(
        search.storage,
        engine_options(search.storage),
        skip_compatibility_check=True,
        skip_table_creation=True,
    )
    if name not in optuna.get_all_study_names(storage):
        return None
    return optuna.load_study(study_name=name, storage=storage, sampler=RandomSampler())


def check_new(
    name: str, trials: int, made: Sequence[StudyDirection], wanted: Sequence[str]
) -> None:
    """Check that a study that says nothing of a search can become one of this.

    Args:
        name: the study's.
        trials: that it has.
        made: what it was created to do with each objective.
        wanted: what the search is to do: ``maximize`` or ``minimize``.

    Raises:
        UserError: it was created by something else, for something else.
    """
    directions = [each.name.lower() for each in made]
    if trials:
        what = f"has {count(trials, 'trial')} of something else"
    elif directions != [*wanted]:
        does, is_to = (" and ".join(each) for each in (directions, wanted))
        what = f"was created to {does}, and this search is to {is_to}"
    else:
        return
    raise UserError(f"search.study={name}: {what}; allowed is another name")


def check_same(name: str, before: Any, about: Any) -> None:
    """Check that a study, if it is there, is one of this search.

    Args:
        name: the study's.
        before: what the study is about; None if it is new.
        about: what the search is about; can be written as JSON.

    Raises:
        UserError: it is one of another search.
    """
    now = json.loads(json.dumps(about))
    if before is not None and before == as_before_pauses(now):
        raise UserError(other_rule(name, now[RULE]))
    if before not in (None, now):
        raise UserError(_other_study(name, before, now))


def _other_study(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say in what another study of this name differs."""
    before, now = (_in_words(each) for each in (before, now))
    different = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if different == [SOURCE]:
        return (
            f"search.study={name}: is there already, and the files of its network have been edited "
            "since; allowed: another name, or the files as they were, which each run has in its "
            "artifact folder source"
        )
    differences = [
        f"{key}: {before.get(key, 'nothing')} then, {now.get(key, 'nothing')} now"
        for key in different
    ]
    return (
        f"search.study={name}: is there already, and searches something else; allowed: the same "
        "search, or another name. " + "; ".join(differences)
    )


def _in_words(about: Mapping[str, Any]) -> dict[str, str]:
    """Return what a study is about, each value as a text; of what is searched, each dimension."""
    others = {key: each for key, each in about.items() if key != SEARCHED}
    return {
        **{key: in_words(each) for key, each in about.get(SEARCHED, {}).items()},
        **{key: as_text(each) for key, each in others.items()},
        RULE: as_text(shown(about.get(RULE))),
    }
