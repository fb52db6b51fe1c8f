"""What tests compose from what is kept is what Hydra composes, with its flags and its errors."""

import hydra
import pytest
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf import Container

from sweep.config import compose as composing

SETS = [
    ("model=lenet", "optim=adam", "optim.lr=0.3", "model.hidden=[3,4]"),
    ("experiment=book_mlp", "optim.lr=0.3", "optim=adam"),
    ("~optim.lr", "~seed=0", "epochs=2", "epochs=3"),
    ("augment={flip: true}", "augment.crop=1", "optim.wd=${optim.lr}"),
    ("model=custom", "+model.size={a: 1}", "+model.size.b=2", "++model.size.b=3", "++seed=4"),
    ("hydra.job.name=another", "tracking.uri=null", "epochs=???"),
    ("+seed=3",),
    ("~optim.lr=7",),
    ("seed@here=1",),
    ("seed=1", "model=nothing"),
    ("optim@optim=adam",),
    ("~preset",),
    ("model.hidden.0=5",),
    ("optim.nothing=1",),
    ("seed=1,2",),
    ("seed=[1",),
]


def nodes(node):
    """Return what a node is, its flags, and those in it."""
    if not isinstance(node, Container) or node._is_none() or node._is_missing():
        return type(node), node._metadata.flags, node._value()
    keys = node.keys() if hasattr(node, "keys") else range(len(node))
    inner = [(key, nodes(node._get_node(key))) for key in keys]  # in their order
    return type(node), node._metadata.flags, inner


def outcome(compose, overrides):
    try:
        return nodes(compose("config", list(overrides)))
    except HydraException as error:
        return type(error), str(error)


@pytest.mark.parametrize("overrides", SETS, ids=" ".join)
def test_what_is_kept_is_what_hydra_composes(overrides):
    assert composing.compose is not hydra.compose  # or nothing is kept
    with initialize_config_dir(str(composing.CONF), version_base="1.3"):
        assert outcome(composing.compose, overrides) == outcome(hydra.compose, overrides)
