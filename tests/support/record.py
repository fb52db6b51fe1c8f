"""Empty MLflow records: MLflow makes one in seconds, so all are copies of one that is made once."""

import functools
import shutil
import sqlite3
from pathlib import Path

from filelock import FileLock

_kept = None


def keep_template_in(folder):
    """Name the folder in which the processes of this session share the first record."""
    global _kept
    _kept = folder


@functools.cache
def _template(kept):
    """Return the first record, which is made where it is not there yet."""
    from sweep.tracking import probe  # it imports MLflow, which most tests of functions do without

    template = kept / "empty.db"
    with FileLock(kept / "empty.lock"):
        probe(f"sqlite:///{template}")
    _read_migrations_once()
    return template


def _read_migrations_once():
    """Let MLflow read all its migrations once, and not whenever it opens a record."""
    from mlflow.store.db import utils

    utils._get_latest_schema_revision = functools.cache(utils._get_latest_schema_revision)


def new_record(folder):
    """Put an empty record into a folder; return its address."""
    file = Path(folder) / "mlflow.db"
    shutil.copyfile(_template(_kept), file)
    with sqlite3.connect(file) as database:
        artifacts = str(file.with_name("mlruns") / "0")
        database.execute("UPDATE experiments SET artifact_location = ?", [artifacts])
    database.close()
    return f"sqlite:///{file}"
