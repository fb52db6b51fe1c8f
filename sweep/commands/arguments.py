"""What is typed after ``sweep``, where it is wrong before or while Hydra composes it."""

import os
import pickle
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

import yaml

from sweep.commands import COMMANDS
from sweep.config.compose import GROUP_KEYS, GROUPS, fields
from sweep.config.explain import explain_composition, is_composition_error
from sweep.config.hydra_flags import hydras_parser
from sweep.config.synonyms import named_by
from sweep.errors import UserError, nearest

ELSEWHERE = "allowed is a folder with another name"


def check_arguments(given: Sequence[str]) -> None:
    """Check what Hydra's parser of arguments would refuse without saying what to do.

    Raises:
        UserError: an unknown command or flag, overrides on both sides of a flag, or a file that is
            to be run again and is not there.
    """
    parser = hydras_parser()
    known, unknown = parser.parse_known_args(list(given))
    for each in unknown:
        if each.startswith("-"):
            if field := named_by(each.partition("=")[0].lstrip("-"), [*fields(), *GROUP_KEYS]):
                raise UserError(
                    f"{each} is not a flag; fields are set without dashes, as in {field}=VALUE"
                )
            flags = [flag for action in parser._actions for flag in action.option_strings]
            suggestion = nearest(each.partition("=")[0], flags)
            raise UserError(f"{each} is not a flag{suggestion}; sweep --hydra-help lists them")
    if unknown:
        flags = [each for each in given if each not in (*known.overrides, *unknown)]
        command = " ".join(["sweep", *known.overrides, *unknown, *flags])
        raise UserError(
            f"{unknown[0]}: overrides go together, and flags before or after them all: {command}"
        )
    if known.experimental_rerun and not Path(known.experimental_rerun).is_file():
        raise UserError(f"--experimental-rerun {known.experimental_rerun}: there is no such file")
    for each in known.overrides:
        if each.isidentifier():
            if field := named_by(each, [*fields(), *GROUP_KEYS]):
                raise UserError(f"{each}: an override has a value, and no spaces: {field}=VALUE")
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
