"""The networks of Gluon's model zoo."""

from sweep.backend.mxnet import gluon, mx


def zoo_network(net: str, classes: int) -> gluon.HybridBlock:
    """Return a network of the zoo, with parameters of the same names in every process.

    Args:
        net: its name there.
        classes: scores of an image.
    """
    with mx.name.NameManager():  # counts from 0, whatever was built before
        found: gluon.HybridBlock = gluon.model_zoo.vision.get_model(net, classes=classes)
    return found
