"""Reaching an MLflow store: create it, see whether it answers, and say what is wrong if not."""

import functools
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from filelock import FileLock
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from sweep.errors import UserError
from sweep.files import obstacle
from sweep.tracking.addresses import instead_of, known_cause
from sweep.tracking.database import connected, is_known
from sweep.tracking.first_use import unless_others_were_faster
from sweep.tracking.locations import default_location
from sweep.tracking.mlflow_import import client_of, import_mlflow
from sweep.uris import is_database, redacted, scheme
from sweep.variables import environment_variables

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

SHORT_TIMEOUTS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}

# SQLAlchemy from 2.1 on takes psycopg for postgresql://, before it psycopg2.
POSTGRESQL_DRIVERS = ("psycopg", "psycopg2")
POSTGRESQL_DRIVER = "pip install psycopg2-binary, and an address as in postgresql+psycopg2://…"


@functools.cache
def import_stores() -> None:
    """Import what opening a database will need; MLflow leaves it until then, and it takes long.

    What it would find out each time is found out once, for all processes that are forked from this:
    how its classes belong to tables, and which of its migrations is the last.
    """
    import_mlflow()
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
    import sqlalchemy.dialects.sqlite  # noqa: F401
    from sqlalchemy.orm import configure_mappers

    import sweep.tracking.writer  # noqa: F401

    configure_mappers()
    _read_migrations_once()


def _read_migrations_once() -> None:
    """Let MLflow look once for the last of its migrations, for this process and what it forks.

    It reads all of them whenever a database is opened: a third of what that takes, in every run.
    """
    from mlflow.store.db import utils

    if look := getattr(utils, "_get_latest_schema_revision", None):  # its own, and may have gone
        utils._get_latest_schema_revision = look = functools.cache(look)
        look()


def words_of(error: "MlflowException") -> str:
    """Return MLflow's words for an error, without passwords, as a part of a sentence."""
    return redacted(error.message).rstrip(".")


def opened(uri: str) -> "MlflowClient":
    """Return MLflow's client of a record; it opens a database as soon as it is made.

    Raises:
        UserError: it cannot be opened.
    """
    with explained_errors(uri):
        return client_of(uri)


def probe(uri: str) -> None:
    """Check within seconds that runs can be recorded; create an SQLite file that is not there.

    Raises:
        UserError: nothing answers there, what answers is no MLflow, or it cannot be written.
    """
    with explained_errors(uri), short_timeouts():
        _create(uri)
    check_answers(uri)
    if file := database_file(uri):
        check_writable(uri, file)


def check_answers(uri: str) -> None:
    """Check within seconds that the store answers.

    Raises:
        UserError: nothing answers there, or what answers is no MLflow.
    """
    with explained_errors(uri), short_timeouts():
        if is_database(uri):
            with connected(uri) as connection:
                if is_known(connection):
                    return
        client = client_of(uri)
        unless_others_were_faster(lambda: client.search_experiments(max_results=1))


def database_file(uri: str) -> Path | None:
    """Return the file of an SQLite address; None for other addresses, and a base in memory."""
    name = make_url(uri).database if scheme(uri) == "sqlite" else None
    return Path(name) if name and name != ":memory:" else None


def check_writable(uri: str, file: Path) -> None:
    """Check that a database can be written, and its journal beside it.

    Raises:
        UserError: it cannot.
    """
    if why := obstacle(file) or obstacle(file.absolute().parent):
        raise UserError(
            f"tracking.uri={uri}: cannot be written ({why}); allowed is a file that can, in a "
            "folder that can, or the address of a server"
        )


def _create(uri: str) -> None:
    """Create an SQLite store that is not there under another name, then give it its own.

    MLflow needs seconds for it, in which it must be neither interrupted nor done twice at once.
    """
    file = database_file(uri)
    if not file or file.exists():
        return
    if file.is_symlink():  # what it leads to may come back, and must not be replaced
        raise UserError(
            f"tracking.uri={uri}: is a link to {os.readlink(file)}, which is not there; allowed is "
            "a link to a database that is, or a file"
        )
    import_mlflow()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    file.parent.mkdir(parents=True, exist_ok=True)
    lock, folder = file.with_name(f".{file.name}.lock"), file.with_name(f".{file.name}.new")
    with FileLock(lock):
        try:
            if not file.exists():  # nobody was faster
                shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
                folder.mkdir()
                # By the path that was given: a whole one has the folder's name, which may have a ?.
                new, create = folder / file.name, cast(Any, SqlAlchemyStore)
                create(f"sqlite:///{new}", default_location()).engine.dispose()
                os.replace(new, file)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)  # who waits for it makes another


@contextmanager
def short_timeouts() -> Iterator[None]:
    """Give a server seconds to answer, not the minutes that MLflow gives it while a run trains."""
    with environment_variables(SHORT_TIMEOUTS):
        yield


@contextmanager
def explained_errors(uri: str) -> Iterator[None]:
    """Turn what MLflow, a database's driver or another program there raises into one sentence."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"tracking.uri={redacted(uri)}: {_explained(error, uri)}") from error


def _explained(error: Exception, uri: str) -> str:
    """Say in one line, without a password, what is wrong and what to do about it."""
    import_mlflow()
    import requests
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import read_mlflow_creds

    said, cause = _said(error), known_cause(str(error), uri)
    if cause is not None:
        return f"{cause}. {said}" if isinstance(error, DBAPIError) else cause
    answered = isinstance(error, MlflowException)
    status = cast(Any, error).get_http_status_code() if answered else None
    if status == requests.codes.unauthorized:
        return f"the server asks for a name and a password; {_credentials()}"
    if status == requests.codes.forbidden and "Permission denied" in said:  # not a wrong host name
        user = read_mlflow_creds().username
        return (
            f"the server refuses this{f' to the user {user}' if user else ''} ({said}); allowed: "
            "an experiment that this user may edit, or a new one: tracking.experiment=NAME"
        )
    if isinstance(error, ModuleNotFoundError) and error.name in POSTGRESQL_DRIVERS:
        said += f"; for PostgreSQL: {POSTGRESQL_DRIVER}"
    return f"cannot be used; allowed: {instead_of(uri)}. {said}"


def _credentials() -> str:
    """Say which name and password are sent, and which are allowed."""
    from mlflow.utils.credentials import read_mlflow_creds

    user, password = read_mlflow_creds()
    if user and password:
        return f"those of MLFLOW_TRACKING_USERNAME={user} are wrong, or no user's"
    missing = [
        f"MLFLOW_TRACKING_{name}"
        for name, value in (("USERNAME", user), ("PASSWORD", password))
        if not value
    ]
    return f"set {' and '.join(missing)} in the environment"


def _said(error: Exception) -> str:
    """Return what the server, the driver or the network said, in one line that is not long."""
    import requests
    from mlflow.exceptions import MlflowException

    if isinstance(error, MlflowException):
        if isinstance(error.__context__, requests.exceptions.SSLError):
            return (
                "Its certificate is not trusted here (MLFLOW_TRACKING_SERVER_CERT_PATH=FILE trusts "
                "another)"
            )
        if isinstance(error.__context__, requests.ConnectionError | requests.Timeout):
            return "It does not answer"
        body = re.search(r"Response body: '(.*)'$", error.message, re.DOTALL)
        words = body[1] if body else f"{type(error).__name__}: {error.message}"
    elif isinstance(error, DBAPIError):
        words = str(error.orig)
    else:
        words = f"{type(error).__name__}: {error}"
    return redacted(" ".join(words.split()))[:300]
