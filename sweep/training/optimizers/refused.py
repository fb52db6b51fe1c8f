"""Optimisers of MXNet's that people may look for, and that do not do what they say."""

from sweep.config.choices import OPTIMIZERS

OPTIMIZERS.refuse(
    "adadelta",
    "MXNet's AdaDelta ignores the learning rate; allowed instead is optim=rmsprop, which scales by "
    "the same mean of squares, or optim=adagrad",
)
OPTIMIZERS.refuse(
    "nadam",
    "MXNet's Nadam goes on with its momentum's schedule once for each parameter, not once for each "
    "step, and so depends on how many parameters there are; allowed instead is optim=adam or "
    "optim=adamw",
)
OPTIMIZERS.refuse(
    "groupadagrad",
    "MXNet's GroupAdaGrad fails in training; allowed instead is optim=adagrad",
)
OPTIMIZERS.refuse(
    "dcasgd",
    "MXNet's DCASGD fails in training with a momentum, and corrects a delay that one process does "
    "not have; allowed instead is optim=sgd",
)
