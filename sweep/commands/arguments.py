"""What is typed after ``sweep``, where it is wrong before or while Hydra composes it."""

import os
import pickle
import re
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import yaml

from sweep.commands import COMMANDS
from sweep.config.compose import GROUP_KEYS, GROUPS, NESTED, fields, first_field
from sweep.config.explain import explain_composition, is_composition_error
from sweep.config.hydra_flags import hydras_parser
from sweep.config.synonyms import named_by
from sweep.errors import UserError, nearest

VALUE = re.compile(r"[-+.,e\d]*\d$|\[")  # numbers; or how a list begins
ELSEWHERE = "allowed is a folder with another name"


def check_arguments(given: Sequence[str]) -> None:
    """Check what Hydra's parser of arguments would refuse without saying what to do.

    Raises:
        UserError: an unknown command or flag, overrides on both sides of a flag, or a file that is
            to be run again and is not there.
    """
    parser = hydras_parser()
    known, unknown = parser.parse_known_args(list(given))
    all_flags = [flag for action in parser._actions for flag in action.option_strings]
    for each in unknown:
        if each.startswith("-"):
            raise UserError(f"{each} is not a flag{_instead_of_a_flag(each, all_flags)}")
    if unknown:
        flags = [each for each in given if each not in (*known.overrides, *unknown)]
        command = " ".join(["sweep", *known.overrides, *unknown, *flags])
        raise UserError(
            f"{unknown[0]}: overrides go together, and flags before or after them all: {command}"
        )
    if known.experimental_rerun and not Path(known.experimental_rerun).is_file():
        raise UserError(f"--experimental-rerun {known.experimental_rerun}: there is no such file")
    for each, following in pairwise([*known.overrides, ""]):
        if field := _field_with_spaces(each, following):
            raise UserError(f"{each}: an override has a value, and no spaces: {field}=VALUE")
        if each.isidentifier():
            suggestion = "".join(f" (did you mean {word}?)" for word in _commands_like(each))
            raise UserError(
                f"{each} is neither a command{suggestion} nor an override such as optim.lr=0.1; "
                f"commands are {', '.join(COMMANDS)}"
            )


def check_place() -> None:
    """Check that the folder in which a command is given is there, and that all can name it.

    Raises:
        UserError: it is gone, has what Hydra reads as a reference to a field, or is no text at all.
    """
    try:
        folder = os.getcwd()
    except FileNotFoundError:
        raise UserError("this folder is not there any more; allowed is one that is") from None
    if "${" in folder:
        raise UserError(f"{folder}: Hydra reads ${{ as a field of the configuration; {ELSEWHERE}")
    try:
        folder.encode()
    except UnicodeEncodeError:
        raise UserError(f"{ascii(folder)}: its name is not in UTF-8; {ELSEWHERE}") from None


def _instead_of_a_flag(given: str, flags: Sequence[str]) -> str:
    """Return what is allowed in the place of a flag that there is not."""
    name, _, value = given.partition("=")
    word = name.lstrip("-")
    if word in COMMANDS and not value:
        return f"; {word} is a command: sweep {word} --help"
    if field := _field_called(word):
        return f"; fields are set without dashes, as in {field}=VALUE"
    return f"{nearest(name, flags)}; sweep --hydra-help lists them"


def _field_with_spaces(given: str, following: str) -> str | None:
    """Return the field that is meant by a word without a value; None if it need not be a field.

    Args:
        given: an argument.
        following: the next one.
    """
    name, equals, value = given.partition("=")
    field = _field_called(name)
    if equals:
        return None if value or not following or "=" in following else field
    is_set = following.startswith("=") or VALUE.match(following)
    return field if is_set or name in (*fields(), *GROUPS) else None


def _field_called(name: str) -> str | None:
    """Return the field, or the group with choices, that is called so; of a section, its first."""
    found = named_by(name, [*fields(), *GROUP_KEYS])
    return first_field(found) if found in NESTED else found


def _commands_like(word: str) -> list[str]:
    return get_close_matches(word, COMMANDS, n=1)


def _own_keys(given: Sequence[str]) -> list[str]:
    """Return the keys, dotted, of the files that were chosen in the user's own ``--config-dir``."""
    known, _ = hydras_parser().parse_known_args(list(given))
    found = []
    for each in known.overrides if known.config_dir else ():
        group, _, name = each.partition("=")
        file = Path(known.config_dir, group, f"{name}.yaml")
        with suppress(OSError, ValueError, yaml.YAMLError):
            content = yaml.safe_load(file.read_text()) if group in GROUPS else None
            found += [f"{group}.{key}" for key in content] if isinstance(content, dict) else []
    return found


def explain(error: Exception, given: Sequence[str]) -> str | None:
    """Say what a user did wrong, in a line or two; None if the error is none of theirs."""
    if is_composition_error(error):
        return explain_composition(error, given, [*fields(), *_own_keys(given)], GROUP_KEYS)
    if "--experimental-rerun" in given and isinstance(error, pickle.UnpicklingError | EOFError):
        return f"--experimental-rerun: is no file that Hydra has written: {error}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return None
