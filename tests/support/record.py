"""Empty MLflow records: MLflow makes one in seconds, so all are copies of one that is made once."""

import shutil
import sqlite3
from pathlib import Path

from filelock import FileLock

_kept = None


def keep_template_in(folder):
    """Name the folder in which the processes of this session share the first record."""
    global _kept
    _kept = folder


def new_record(folder):
    """Put an empty record into a folder; return its address."""
    from sweep.tracking import probe  # it imports MLflow, which most tests of functions do without

    template = _kept / "empty.db"
    with FileLock(_kept / "empty.lock"):
        probe(f"sqlite:///{template}")
    file = Path(folder) / "mlflow.db"
    shutil.copyfile(template, file)
    with sqlite3.connect(file) as database:
        artifacts = str(file.with_name("mlruns") / "0")
        database.execute("UPDATE experiments SET artifact_location = ?", [artifacts])
    database.close()
    return f"sqlite:///{file}"
