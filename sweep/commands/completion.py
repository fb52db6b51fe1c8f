"""Completion in a shell: ``eval "$(sweep completion bash)"``.

Commands and their options are click's to complete, overrides are Hydra's.
"""

import os

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

from sweep.commands import COMPLETION_VARIABLE
from sweep.commands.cli import sweep

# Bash takes the answer for what follows the last = or : of a word, and so it has to be cut there.
BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' line=${COMP_LINE:0:COMP_POINT} response completion type value
    local word=${line##*[[:space:]]} kept=
    [[ $COMP_WORDBREAKS == *=* ]] && kept=${word%%"${word##*[=:]}"}
    COMPREPLY=()
    response=$(env COMP_WORDS="$line" %(complete_var)s=bash_complete $1)
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == dir ]]; then
            compopt -o dirnames
        elif [[ $type == file ]]; then
            compopt -o default
        elif [[ $type == plain ]]; then
            COMPREPLY+=("${value#"$kept"}")
            [[ $value == *[=./] ]] && compopt -o nospace 2> /dev/null
        fi
    done
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


@add_completion_class
class WholeWords(BashComplete):
    """Bash, with words such as ``model=lenet`` in one piece."""

    source_template = BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one at the cursor, and that one."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        return (words, "") if line[-1:].isspace() or not words else (words[:-1], words[-1])


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes commands, options and overrides.

    \b
    bash, in ~/.bashrc:               eval "$(sweep completion bash)"
    zsh, in ~/.zshrc after compinit:  eval "$(sweep completion zsh)"
    fish:                             sweep completion fish | source
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(sweep, {}, "sweep", COMPLETION_VARIABLE).source())


def complete_overrides(
    context: click.Context, parameter: object, incomplete: str
) -> list[CompletionItem]:
    """Return the flags, or the groups, choices and fields, that begin so.

    Args:
        context: with the words before.
        parameter: not used; click passes it.
        incomplete: the word at the cursor.
    """
    from hydra.core.global_hydra import GlobalHydra
    from hydra.initialize import initialize_config_dir
    from hydra.plugins.completion_plugin import DefaultCompletionPlugin

    from sweep.config.compose import CONF
    from sweep.config.hydra_flags import hydras_parser
    from sweep.config.own_launchers import own_launchers

    if incomplete.startswith("-"):
        flags = [flag for each in hydras_parser()._actions for flag in each.option_strings]
        return [CompletionItem(flag) for flag in flags if flag.startswith(incomplete)]
    before = [each for each in context.params.get("words", ()) if "=" in each]
    key, is_value, value = incomplete.partition("=")
    chosen, comma, last = value.rpartition(",")  # model=mlp,le
    try:
        with own_launchers(), initialize_config_dir(str(CONF), version_base="1.3"):
            plugin = DefaultCompletionPlugin(GlobalHydra.instance().config_loader())
            word = f"{key}{is_value}{last}" or " "
            found = plugin._query("config", " ".join([*before, word]))
    except Exception:  # what was typed cannot be composed; that is said when it is run
        return []
    if comma:
        found = [each.replace("=", f"={chosen},", 1) for each in found]
    return [CompletionItem(each) for each in found]


@click.command("train", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, shell_complete=complete_overrides)
def train(words: tuple[str, ...]) -> None:
    """Train, as Hydra composes it: only completed here, and run without click."""
