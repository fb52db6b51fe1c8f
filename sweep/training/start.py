"""Starts a network from trained parameters, some of which may be frozen."""

import logging

from sweep.backend.mxnet import gluon
from sweep.config.images import Shape
from sweep.config.networks import Network
from sweep.errors import UserError
from sweep.networks.frozen import freeze
from sweep.networks.matching import matched
from sweep.networks.params_file import Broken
from sweep.networks.trained import Start, read_trained
from sweep.training.state import parameters, restore_parameters

log = logging.getLogger(__name__)


def begin(net: gluon.Block, network: Network, shape: Shape, classes: int, start: Start) -> str:
    """Give a network the parameters that a run starts from, and freeze what is not trained.

    Args:
        net: the network, with initial parameters; neither hybridized nor traced yet.
        network: as it is configured.
        shape: of an image.
        classes: scores of an image.
        start: what it begins with.

    Returns:
        A line about what is new although it starts from trained parameters; empty if nothing is.

    Raises:
        UserError: the parameters do not fit, or a pattern fits nothing.
    """
    assert bool(start.files) == (start.init_from is not None)
    note = _load(net, network, shape, classes, start) if start.files else ""
    freeze(net, start.freeze)
    return note


def _load(net: gluon.Block, network: Network, shape: Shape, classes: int, start: Start) -> str:
    field = f"init_from={start.init_from}"
    try:
        trained = read_trained(start.files)
    except Broken as error:
        raise UserError(f"{field}: {error}; allowed is a file that MXNet has written") from error
    found = matched(field, trained, net, network, shape, classes)
    own = {key: each.data().asnumpy() for key, each in parameters(net).items()}
    restore_parameters(net, {f"net/{key}": found.arrays.get(key, own[key]) for key in own})
    if not found.anew:
        return ""
    note = (
        f"{field}: new, as the seed draws them, are {', '.join(found.anew)}: their shapes follow "
        "from the number of classes"
    )
    log.info(note)
    return note
