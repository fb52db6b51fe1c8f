"""What is wrong with the address of a record, and what to write instead."""

import difflib
import re
import shlex
from pathlib import Path

from sweep.uris import DATABASES, DEFAULT_URI, is_database, is_server, redacted, scheme

ANY = f"the address of an MLflow server that runs, or a database as in {DEFAULT_URI}"
SCHEMES = ("http", "https", *DATABASES)
CUTOFF = 0.75  # of difflib: htp is nearly http, and ftp is not
FILE_SUFFIXES = (".db", ".sqlite", ".sqlite3")


def instead_of(uri: str) -> str:
    """Return what is allowed instead of an address that cannot be used.

    What looks like another way to write an address is answered with that one.
    """
    if (better := _better(uri)) is not None:
        return f"{redacted(better)}, if that is meant, or {ANY}"
    return ANY


def _better(uri: str) -> str | None:
    if re.fullmatch(r"[\w.-]+:\d+(/.*)?", uri) or uri.startswith(("localhost", "www.")):
        return f"http://{uri}"
    if found := re.fullmatch(r"(https?):/?([^/].*)", uri):  # http:/host
        return f"{found[1]}://{found[2]}"
    if uri.startswith("postgres:"):
        return f"postgresql:{uri.removeprefix('postgres:')}"
    if found := re.fullmatch(r"sqlite:/{0,2}([^/].*)", uri):  # sqlite://mlflow.db
        return f"sqlite:///{found[1]}"
    if uri.startswith("sqlite:///"):
        path = uri.removeprefix("sqlite:///")
        return f"sqlite:///{path.rstrip('/')}/mlflow.db" if Path(path).is_dir() else None
    if "://" in uri:
        name, _, rest = uri.partition("://")
        near = difflib.get_close_matches(name, SCHEMES, n=1, cutoff=CUTOFF)
        return f"{near[0]}://{rest}" if near and name not in SCHEMES else None
    if uri.endswith(FILE_SUFFIXES) or Path(uri).is_file():
        return f"sqlite:///{uri}"
    return None


def known_cause(said: str, uri: str) -> str | None:
    """Return what is to be done about a store that was reached, or None where that is not known.

    Args:
        said: by MLflow, or by the database.
        uri: of the store.
    """
    if is_database(uri):
        return _cause_in_database(said, uri)
    if "filesystem" in said and not is_server(uri):
        folder = shlex.quote(uri.removeprefix("file://"))
        return (
            f"MLflow keeps no records in folders any more; allowed: {DEFAULT_URI}, or another "
            f"database. `mlflow migrate-filestore --source {folder} --target {DEFAULT_URI}` takes "
            "over what is in it"
        )
    return None


def _cause_in_database(said: str, uri: str) -> str | None:
    if "out-of-date database schema" in said:
        return (
            "was made by another version of MLflow; copy the database, then bring it up to date: "
            f"mlflow db upgrade {shlex.quote(redacted(uri))}"
        )
    if "Can't locate revision" in said:
        return (
            "was made by a newer version of MLflow than the one that is installed here; allowed is "
            "another database"
        )
    if found := re.search(r'database "([^"]+)" does not exist|Unknown database \'([^\']+)\'', said):
        name = found[1] or found[2]
        return f"there is no database {name} there; allowed is one that is there, or create it"
    if re.search(r"password authentication failed|Access denied|no password supplied", said):
        return (
            "the database refuses the name or the password; allowed are those of one of its users: "
            f"{scheme(uri)}://NAME:PASSWORD@HOST/DATABASE"
        )
    return None
