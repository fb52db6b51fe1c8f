"""Networks of users' own that are tried before they train; importing this loads no MXNet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.config.choices import Network, Tried
from sweep.config.images import Shape
from sweep.config.schema import Config
from sweep.data.splits import Dataset

MODULES = "modules"  # the folder in checkpoint_dir that copies of users' modules are in


@dataclass(frozen=True)
class Request:
    """A network that is to be tried.

    Attributes:
        network: as it is configured.
        shape: of the images that it is trained on.
        classes: of these.
        keep: the folder for copies of modules.
    """

    network: Network
    shape: Shape
    classes: int
    keep: Path

    @classmethod
    def of(cls, config: Config, dataset: Dataset) -> "Request":
        """Return the request for a run on these images."""
        keep = Path(config.checkpoint_dir, MODULES)
        return cls(config.model, dataset.shape, dataset.classes, keep)


def tried(request: Request) -> Tried:
    """Return what is found out about a network, in this process, which has MXNet.

    Raises:
        UserError: it does not build, or does not fit the images.
    """
    if not request.network.is_unknown:
        return Tried(request.network)
    return request.network.tried(request.shape, request.classes, request.keep)


def try_all(requests: Sequence[Request]) -> list[Tried]:
    """Return what is found out about each network, in this process, which has MXNet."""
    return [tried(each) for each in requests]
