"""A run's trained parameters, kept once: in its model, or else as a file of their own."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from sweep import tracking
from sweep.backend.mxnet import gluon
from sweep.networks.blocks.eager import save_parameters
from sweep.networks.params_file import Broken, read_params, renamed
from sweep.networks.summary import parameter_table
from sweep.tracking import Record


def log_parameters(net: gluon.Block, record: Record, model: Path | None) -> None:
    """Keep the names of a network's parameters, and these themselves if its model has them not.

    ``parameters/names.json`` says where they are in the model's file. ``parameters/net.params`` has
    them in Gluon's own format, where there is no such file. ``parameters/net.txt`` has their names,
    which ``freeze`` goes by.

    Args:
        net: the network, without what is done to images before it.
        record: of its run.
        model: the file with the parameters of its model; None if it has no model.
    """
    kept = PurePosixPath(tracking.PARAMETERS_FILE)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / kept.name
        save_parameters(net, str(file))
        file.with_suffix(".txt").write_text(parameter_table(net))
        names = _names_in(model, net, file.read_bytes()) if model else None
        if model and names is not None:
            about = {"file": model.name, "names": names}
            (Path(folder) / PurePosixPath(tracking.NAMES_FILE).name).write_text(json.dumps(about))
            file.unlink()
        record.log_files(Path(folder), str(kept.parent))


def _names_in(model: Path, net: gluon.Block, expected: bytes) -> Mapping[str, str] | None:
    """Return the names that a network's parameters have in the file of its model.

    Returns:
        By their names in the network; None if the file does not give these very bytes.
    """
    content, every = model.read_bytes(), net._collect_params_with_prefix()
    try:
        # In a graph they have their own names, after what they are there: arg:dense0_weight.
        there = {name.partition(":")[2]: name for name in read_params(content)}
        names = {key: there.get(each.name, key) for key, each in every.items()}
        return names if renamed(content, names) == expected else None
    except Broken:
        return None
