"""The record of version 0.1.0 that ``tests/records/`` keeps, unpacked into a folder.

It was made by that version's commands: a sweep ``model=mlp,lenet model.hidden=[8] epochs=2``, and a
run with ``optim.lr=1e30``, which diverged, in the experiment "sweep"; and the run of ``OVERRIDES``,
trained to its end in the experiment "whole", and interrupted after two of three epochs in
"interrupted". The processor had AVX2: MXNet then takes other kernels than with AVX-512, so that the
last bits are others. With ``KERNELS`` in its environment, a process has those of that machine.
"""

import sqlite3
import tarfile
from pathlib import Path

ARCHIVE = Path(__file__).parents[1] / "records" / "version-0.1.0.tar.xz"
PROCESSOR, KERNELS = "AMD EPYC, AVX2", {"DNNL_MAX_CPU_ISA": "AVX2"}
PLACES = {  # columns with absolute paths; in the archive they are below /record
    "experiments": "artifact_location",
    "logged_models": "artifact_location",
    "runs": "artifact_uri",
}
SWEEP = ("model.hidden=[8]", "epochs=2", "context=cpu", "figures=false")
OVERRIDES = (
    "model.hidden=[8]",
    "optim.momentum=0.9",
    "optim.wd=0.001",
    "epochs=3",
    "context=cpu",
    "figures=false",
)


def unpack(folder: Path) -> str:
    """Unpack the record into an empty folder, as if it had been made there; return its address."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    database = sqlite3.connect(folder / "mlflow.db")
    with database:
        for table, column in PLACES.items():
            database.execute(
                f"UPDATE {table} SET {column} = replace({column}, '/record', ?)", (str(folder),)
            )
    database.close()
    return f"sqlite:///{folder}/mlflow.db"
