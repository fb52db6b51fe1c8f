"""Where studies are stored: opened, locked, and what to say if it cannot be used."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from sweep.errors import UserError
from sweep.files import kernel_lock, obstacle
from sweep.tracking.connection import database_file
from sweep.tracking.database import CONNECT_ARGUMENTS
from sweep.uris import redacted, scheme

# What goes wrong when a storage is used, and when it is opened.
USING = (optuna.exceptions.StorageInternalError, SQLAlchemyError, OSError)
OPENING = (ImportError, ValueError, RuntimeError)
SQLITE_SECONDS = 60  # to wait for others who write to the file


def create_storage(address: str) -> RDBStorage:
    """Open a storage; create it where there is none."""
    with locked(address):
        return RDBStorage(address, engine_options(address))


def has_studies(address: str) -> bool:
    """Return whether a storage has been made there; nothing is created."""
    file = database_file(address)
    if file and not file.exists():
        if why := obstacle(file) or obstacle(file.absolute().parent):
            raise OSError(f"{file}: {why}")
        return False
    engine = create_engine(address, **engine_options(address))
    try:
        return inspect(engine).has_table("studies")
    finally:
        engine.dispose()


def locked(address: str) -> AbstractContextManager[object]:
    """Keep other searches of this machine from doing the same at once; of a file alone."""
    file = database_file(address)
    return kernel_lock(file.with_name(f".{file.name}.lock")) if file else nullcontext()


def engine_options(address: str) -> dict[str, Any]:
    """Return how SQLAlchemy connects: how long it waits."""
    options = {"sqlite": {"timeout": SQLITE_SECONDS}, **CONNECT_ARGUMENTS}
    return {"connect_args": options.get(scheme(address), {})}


@contextmanager
def explained(address: str, *also: type[Exception]) -> Iterator[None]:
    """Turn what Optuna or a database's driver raises into one sentence."""
    expected: tuple[type[Exception], ...] = (*USING, *also)
    try:
        yield
    except expected as error:
        what = redacted(" ".join(str(error.__cause__ or error).split()))[:300]
        raise UserError(
            f"search.storage={redacted(address)}: cannot be used; allowed: a database as in "
            f"sqlite:///optuna.db. {type(error).__name__}: {what}"
        ) from error
