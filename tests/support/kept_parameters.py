"""The trained parameters that a run has kept."""

from pathlib import Path

from sweep.tracking.parameters import parameters_of


def kept_file(client, run_id, folder="."):
    """Write a run's parameters, in Gluon's own format, into a folder; return the file's path."""
    file = Path(folder, f"{run_id}.params")
    file.write_bytes(kept(client, run_id))
    return str(file)


def kept(client, run_id):
    """Return a run's parameters, in Gluon's own format."""
    found = parameters_of(client.tracking_uri, run_id)
    assert found is not None
    return found
