"""What is tried before it trains: users' own networks, losses, metrics, and what runs start from.

Importing this loads no MXNet.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from sweep.config.images import Shape
from sweep.config.losses import Loss
from sweep.config.networks import Network, Tried
from sweep.config.own_metrics import OwnMetrics, own_metrics
from sweep.config.schema import Config
from sweep.config.tasks import Task
from sweep.data.splits import Dataset
from sweep.errors import UserError
from sweep.networks.trained import Start
from sweep.own_modules import contents, keep
from sweep.runs.starting import folder_of, read_folder

MODULES = "modules"  # the folder in checkpoint_dir that copies of users' modules are in


@dataclass(frozen=True)
class Request:
    """A network that is to be tried.

    Attributes:
        network: as it is configured.
        shape: of the images that it is trained on.
        outputs: of the network: classes, or numbers to predict.
        keep: the folder for copies of modules.
        init_from: as it is configured.
        start: the folder with copies of the trained parameters that it starts from, if it does.
        freeze: the patterns of parameters that are not trained.
        loss: that it is trained by, if that has to be tried as well.
        rows: of a batch, if the loss has to be tried.
        metrics: of the user's own that it is measured by, if they have to be tried.
        task: what the labels are, if they have to be.
    """

    network: Network
    shape: Shape
    outputs: int
    keep: Path
    init_from: str | None = None
    start: Path | None = None
    freeze: tuple[str, ...] = ()
    loss: Loss | None = None
    rows: int | None = None
    metrics: OwnMetrics | None = None
    task: Task | None = None

    @classmethod
    def of(cls, config: Config, dataset: Dataset, modules: Path | None = None) -> "Request":
        """Return the request for a run on these images.

        Args:
            config: of the run; what it starts from is identified.
            dataset: the images.
            modules: the folder that a user's modules are taken from; None for the command's.
        """
        network, loss = config.model, config.loss
        if modules and network.is_unknown:
            network = network.built_from(modules)
        if modules and loss.is_unknown:
            loss = loss.built_from(modules)
        own = own_metrics(config.metrics, config.metrics_source, config.metrics_folder)
        unknown = own if own and own.is_unknown else None
        if modules and unknown:
            unknown = unknown.built_from(modules)
        return cls(
            network=network,
            shape=dataset.shape,
            outputs=dataset.outputs,
            keep=folder_of_copies(config),
            init_from=config.init_from,
            start=folder_of(config) if config.init_from else None,
            freeze=config.freeze,
            loss=loss if loss.is_unknown else None,
            rows=config.batch_size if loss.is_unknown else None,
            metrics=unknown,
            task=config.dataset.task if unknown else None,
        )

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to find out."""
        is_unknown = self.network.is_unknown or self.loss is not None or self.metrics is not None
        return is_unknown or self.start is not None or bool(self.freeze)


def folder_of_copies(config: Config) -> Path:
    """Return the folder in which copies of users' modules are kept."""
    return Path(config.checkpoint_dir, MODULES)


def all_modules(tried_ones: Iterable[Network | Loss | OwnMetrics], keep_in: Path) -> Path | None:
    """Return a folder with the modules of all that is a user's; None if there are none.

    Args:
        tried_ones: networks, losses and metrics, as they were tried.
        keep_in: the folder for copies of modules.

    Raises:
        UserError: one of the modules was edited while they were tried.
    """
    files: dict[str, bytes] = {}
    for source in dict.fromkeys(each.source for each in tried_ones):
        for place, content in contents(source).items() if source else ():
            if files.setdefault(place, content) != content:
                raise UserError(
                    f"{place}: was edited while networks were tried; allowed is the command again"
                )
    return keep(files, keep_in) if files else None


def try_all(requests: Sequence[Request]) -> list[Tried]:
    """Return what is found out about each, in this process, which has MXNet.

    A network is tried once for all the losses and batch sizes that it is trained with, and so are
    metrics.

    Raises:
        UserError: one does not build, or does not fit the images, or what it starts from.
    """
    trials = _Trials(cache(_network_tried), cache(_loss_tried), cache(_metrics_tried))
    return [_tried(each, trials) for each in requests]


def tried(request: Request) -> Tried:
    """Return what is found out about one network; see :func:`try_all`."""
    return try_all([request])[0]


def _network_tried(network: Network, shape: Shape, outputs: int, keep_in: Path) -> Tried:
    return network.tried(shape, outputs, keep_in)


def _loss_tried(loss: Loss, outputs: int, rows: int, keep_in: Path) -> tuple[Loss, str]:
    return loss.tried(outputs, rows, keep_in)


def _metrics_tried(
    own: OwnMetrics, outputs: int, task: Task, keep_in: Path
) -> tuple[OwnMetrics, str]:
    from sweep.training import own_metric_trial  # which imports MXNet

    return own_metric_trial.tried(own, outputs, task, keep_in)


@dataclass(frozen=True)
class _Trials:
    """What tries each kind; what was tried is known."""

    network: Callable[[Network, Shape, int, Path], Tried]
    loss: Callable[[Loss, int, int, Path], tuple[Loss, str]]
    metrics: Callable[[OwnMetrics, int, Task, Path], tuple[OwnMetrics, str]]


def _tried(request: Request, trials: _Trials) -> Tried:
    shape, outputs = request.shape, request.outputs
    found = Tried(request.network)
    if request.network.is_unknown:
        found = trials.network(request.network, shape, outputs, request.keep)
    if request.start is None:
        found.network.check_anew(shape, outputs)
    if request.loss and request.rows:
        loss, note = trials.loss(request.loss, outputs, request.rows, request.keep)
        found = replace(found, note=_lines(found.note, note), loss=loss)
    if request.metrics and request.task:
        own, note = trials.metrics(request.metrics, outputs, request.task, request.keep)
        found = replace(found, note=_lines(found.note, note), metrics=own)
    found = _together(found, request.keep)
    if request.start is None and not request.freeze:
        return found
    from sweep.backend.mxnet import mx
    from sweep.networks.build import build_network
    from sweep.training.start import begin

    files = read_folder(request.start) if request.start else {}
    net = build_network(found.network, shape, outputs, seed=0, context=mx.cpu())
    start = Start(request.init_from, files, request.freeze)
    note = begin(net, found.network, shape, outputs, start)
    return replace(found, note=_lines(found.note, note))


def _together(found: Tried, keep_in: Path) -> Tried:
    """Give all that is of a user's modules these together, where there is more than one.

    A process imports modules from one folder, and so does whoever reads the record.
    """
    every = [each for each in (found.network, found.loss, found.metrics) if each]
    copied = [each for each in every if each.source]
    if len(copied) < 2 or not (folder := all_modules(copied, keep_in)):  # or all are installed
        return found
    return replace(
        found,
        network=found.network.known_by(folder),
        loss=found.loss.known_by(folder) if found.loss else None,
        metrics=found.metrics.known_by(folder) if found.metrics else None,
    )


def _lines(*notes: str) -> str:
    return "\n".join(each for each in notes if each)


def completed(config: Config, found: Tried) -> Config:
    """Return a run's configuration with what was found out about all that is a user's."""
    known = found.metrics.fields if found.metrics else {}
    return replace(config, model=found.network, loss=found.loss or config.loss, **known)
