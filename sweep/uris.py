"""The addresses of records: which one is meant, how to show it, and how to browse there."""

import os
import re
import shlex
from pathlib import Path

from sweep.environment import program

DEFAULT_URI = "sqlite:///mlflow.db"
PLAIN = re.compile(r"[\w/ .,+=@~-]*")
WORD = re.compile(r"\S+")
# An unknown scheme may be a misspelt one. In these four, an @ after a slash is of the path.
BEGIN = re.compile(r"(?<![\w+.-])(?!(?:https?|file|sqlite)\b)[\w+.-]+://")
SECRET = re.compile(r"(?i)([?&][\w.-]*(?:passw(?:or)?d|pwd|token|secret|api_?key)=)[^\s&\"]*")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


def scheme(uri: str) -> str:
    """Return what an address begins with, without a driver: ``http``, say, or ``sqlite``."""
    return uri.partition(":")[0].partition("+")[0]


def is_database(uri: str) -> bool:
    """Return whether it is the address of a database that MLflow keeps its records in."""
    return scheme(uri) in DATABASES


def is_server(uri: str) -> bool:
    """Return whether it is the address of an MLflow server."""
    return scheme(uri) in ("http", "https")


def resolve_uri(uri: str | None) -> str:
    """Return the configured address, or MLFLOW_TRACKING_URI, or the file in this folder."""
    return uri or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI


def as_address(path: Path) -> str:
    """Return how MLflow is told of a file or folder: as it is, or as a ``file:`` address.

    MLflow reads a path as an address, and writes it into SQL as it is: one with ``#``, ``?``,
    ``%41``, ``:b`` or a quote in it would be another's, or an error.

    Args:
        path: absolute.
    """
    return str(path) if PLAIN.fullmatch(str(path)) else path.as_uri()


def redacted(text: str) -> str:
    """Return an address, or a text with addresses, without users' names, passwords and tokens.

    It looks at each letter a fixed number of times: the text may be a stranger's, and long.
    """
    text = WORD.sub(lambda found: _without_secrets(found[0]), text)
    return re.sub(r"://[^/]*@", "://***@", text)


def _without_secrets(word: str) -> str:
    return SECRET.sub(r"\1***", _without_login(word)) if "://" in word else word


def _without_login(word: str) -> str:
    # A database's password may have a slash: SQLAlchemy reads on to the last @.
    before, _, after = word.rpartition("@")
    begin = BEGIN.search(before)
    return f"{before[: begin.end()]}***@{after}" if begin else word


def place_of(uri: str, experiment: str) -> str:
    """Return where runs are recorded, as it is shown."""
    return f"{redacted(uri)}, experiment {experiment}"


def browse_command(uri: str) -> str:
    """Return what to type, or to open, to browse the runs."""
    if is_server(uri):
        return redacted(uri)
    store = "" if uri == DEFAULT_URI else f" --backend-store-uri {shlex.quote(redacted(uri))}"
    return f"MLFLOW_DISABLE_TELEMETRY=true {shlex.quote(program('mlflow'))} ui{store}"


def record_options(uri: str) -> list[str]:
    """Return the options with which a command reads this record; none where it would anyway."""
    return [] if uri == resolve_uri(None) else ["--tracking-uri", redacted(uri)]


def unused_variables(experiment: str) -> list[str]:
    """Return a line for each of MLflow's variables that names another experiment than is used.

    Args:
        experiment: that runs are recorded in.
    """
    return [
        f"{name}={value} is not used; tracking.experiment=NAME says where runs are recorded"
        for name in ("MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID")
        if (value := os.environ.get(name)) not in (None, "", experiment)
    ]
