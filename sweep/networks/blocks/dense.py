"""Dense layers, and the network that has nothing else."""

from itertools import pairwise

from sweep.backend.mxnet import gluon
from sweep.networks.families.fully_connected import FullyConnected


class MultilayerPerceptron(gluon.nn.HybridSequential):
    """Dense layers on all values of an image: to (n, classes) float32 scores."""

    def __init__(self, network: FullyConnected, inputs: int, classes: int) -> None:
        """Create the layers, with all sizes known, so that they can be initialised at once."""
        super().__init__(prefix="mlp_")
        with self.name_scope():
            add_dense(self, network, inputs, classes)


def add_dense(
    layers: gluon.nn.HybridSequential, network: FullyConnected, inputs: int, classes: int
) -> None:
    """Add the hidden dense layers and the output layer. Dense flattens what it is given."""
    *hidden, (last, outputs) = pairwise((inputs, *network.hidden, classes))
    for before, units in hidden:
        if network.batch_norm:  # takes a bias away again
            layers.add(
                gluon.nn.Dense(units, in_units=before, use_bias=False),
                gluon.nn.BatchNorm(in_channels=units),
                gluon.nn.Activation(network.activation),
            )
        else:
            layers.add(gluon.nn.Dense(units, activation=network.activation, in_units=before))
        if network.dropout:
            layers.add(gluon.nn.Dropout(network.dropout))
    layers.add(gluon.nn.Dense(outputs, activation=network.output_activation, in_units=last))
