"""PyTorch as somebody who knows would do it: a process a core, one thread each, and nothing else.

No record, and no validation but one when a run has ended, which shows that the same is learnt. The
processes are forked, so PyTorch is imported once, and all see the same images. With ``--compile``
the network is compiled by ``torch.compile``; what was compiled before is not there.
"""

import torch
from common import Given, Part, arguments, loaded, tell
from torch_training import epochs, validated


def one_thread() -> None:
    """Prepare a process."""
    torch.set_num_threads(1)


def train(given: Given, parts: dict[str, Part], seed: int) -> float:
    """Train one network, and return its validation accuracy."""
    *_, (net, _) = epochs(given, parts["train"], seed)
    return validated(net, parts["val"])[1]


GIVEN = arguments()
PARTS = loaded(GIVEN.data)  # here, so that the processes have it from their parent


def run(seed: int) -> float:
    """Train one network in a process of the pool."""
    return train(GIVEN, PARTS, seed)


if __name__ == "__main__":
    with torch.multiprocessing.get_context("fork").Pool(GIVEN.cores, one_thread) as pool:
        tell(pool.map(run, range(GIVEN.runs), chunksize=1))
