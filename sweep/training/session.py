"""The training of one run: its epochs, the one that is kept, the test at the end.

It knows no record and writes no files, so that a run can also be trained again for comparison.
"""

import logging
import math
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sweep.backend.mxnet import mx
from sweep.config.metrics import at_best
from sweep.config.schema import Config
from sweep.data.augment import transforms
from sweep.data.mixup import Mixup
from sweep.data.scaling import scaling
from sweep.data.splits import Dataset, Split
from sweep.errors import Diverged
from sweep.networks.blocks.eager import as_it_runs
from sweep.networks.blocks.scaled import scaled
from sweep.networks.build import build_network, parameter_count
from sweep.networks.trained import Start
from sweep.training.checkpoint import Snapshot
from sweep.training.loop import (
    Evaluation,
    answers,
    build_trainer,
    probabilities,
    seed_layers,
    train_epochs,
)
from sweep.training.own_metrics import metrics_of
from sweep.training.rates import rate_of
from sweep.training.selection import EpochRecord, Selection
from sweep.training.start import begin
from sweep.training.state import Arrays, restore, restore_parameters, state

log = logging.getLogger(__name__)


class Training:
    """A network in training.

    Attributes:
        config: of the run.
        net: the network, with its parameters.
        scaling: what is done to images before they are given to it; None for nothing.
        model: the network with that; takes images from 0 to 1.
        records: of the epochs so far.
    """

    def __init__(
        self,
        config: Config,
        dataset: Dataset,
        context: mx.Context,
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """Build the network, with its initial parameters.

        Args:
            config: of the run.
            dataset: that it is trained on.
            context: the device that it is trained on.
            files: with the trained parameters that it starts from; none to start anew.
        """
        self.config, self._dataset, self._context = config, dataset, context
        self.net = build_network(
            config.model, dataset.shape, dataset.outputs, seed=config.seed, context=context
        )
        start = Start(config.init_from, files, config.freeze)
        begin(self.net, config.model, dataset.shape, dataset.outputs, start)
        self._transforms = transforms(config.augment, dataset.train.images)
        self._mixup = Mixup(config.augment.mixup) if config.augment.mixup else None
        self.scaling = found = scaling(config.dataset.normalize, dataset.train)
        self.model = scaled(as_it_runs(self.net), found, context)
        self._trainer = build_trainer(self.net, config.optim)
        self._rate = rate_of(config.schedule, self._trainer.learning_rate, config.epochs)
        self._monitor = config.monitor if len(dataset.val) else None
        self._selection = Selection(self._monitor, config.early_stopping, measured=config.metrics)
        self._metrics = metrics_of(config)
        self._may_be_nan = {each.name for each in self._metrics if each.of_all}
        self._kept: Arrays = {}
        self.records: tuple[EpochRecord, ...] = ()
        if found:
            log.info("given (units - %s) * %s", found.mean.ravel(), found.factor.ravel())
        log.info(
            "%d parameters; %d images to train on", parameter_count(self.net), len(dataset.train)
        )

    def resume(self, last: Snapshot, best: Snapshot) -> None:
        """Go on from a snapshot; ``best`` is that of its best epoch."""
        restore(self.net, self._trainer, last.arrays)
        self.records, self._kept = last.records, best.arrays
        self._selection = self._selection.advance_over(last.records)
        log.info("goes on after epoch %d", last.epoch)

    def epochs(self) -> Iterator[Snapshot]:
        """Train the epochs that are missing, and yield a snapshot after each.

        Raises:
            Diverged: a metric is no longer finite. A user's own may be NaN.
        """
        measured = {"val": self._dataset.val} if self._monitor else {}
        if self.config.test_every_epoch:
            measured["test"] = self._dataset.test
        end = len(self.records) if self._selection.should_stop else self.config.epochs
        for record in train_epochs(
            self.model,
            self._trainer,
            self._dataset.train,
            measured,
            metrics=self._metrics,
            batch_size=self.config.batch_size,
            seed=self.config.seed,
            epochs=range(len(self.records) + 1, end + 1),
            context=self._context,
            loss=self.config.loss,
            transforms=self._transforms,
            mixup=self._mixup,
            rate=self._rate,
        ):
            _check_finite(record, self._may_be_nan)
            log.info("epoch %d: %s", record.epoch, record.metrics)
            arrays = state(self.net, self._trainer)
            self.records = (*self.records, record)
            self._selection = self._selection.advance(record)
            if self._selection.epoch == record.epoch:
                self._kept = arrays
            yield Snapshot(self.records, self._selection.epoch, arrays)
            if self._selection.should_stop:
                log.info("no improvement since epoch %d: stopped early", self._selection.epoch)
                return

    @property
    def monitor(self) -> str | None:
        """The metric that epochs are judged by; None where no images are held out."""
        return self._monitor

    @property
    def is_over(self) -> bool:
        """Whether no epoch is missing."""
        return self._selection.should_stop or len(self.records) == self.config.epochs

    @property
    def chosen(self) -> EpochRecord:
        """The epoch that is kept: the best so far, or the last where none is better."""
        return self.records[self._selection.epoch - 1]

    def conclude(self) -> dict[str, float]:
        """Put the chosen epoch's parameters back, test them, and return what is measured once.

        ``train_at_best/…``, ``val_at_best/…`` and ``best_epoch``, where images are held out;
        ``test/…``, unless it was measured after every epoch.
        """
        restore_parameters(self.net, self._kept)
        seed_layers(self.config.seed, self.chosen.epoch)  # some draw while they are measured, too
        summary: dict[str, float] = {}
        if self._monitor:
            metrics = self.chosen.metrics
            summary = {at_best(key): value for key, value in metrics.items() if "/" in key}
            summary["best_epoch"] = self.chosen.epoch
        if not self.config.test_every_epoch:
            test = Evaluation(
                self.model, self._dataset.test, self._metrics, self._context, self.config.loss
            )
            summary |= {f"test/{key}": value for key, value in test.measure().items()}
        return summary

    def answer(self, split: Split) -> NDArray[np.float64]:
        """Return each class's probability for each image, (n, classes), after concluding."""
        seed_layers(self.config.seed, self.chosen.epoch)
        return probabilities(self.model, split, self._context)

    def predict_test(self) -> NDArray[np.float64]:
        """Return what is predicted of each test image, (n, outputs), after concluding."""
        seed_layers(self.config.seed, self.chosen.epoch)
        return answers(self.model, self._dataset.test, self._context)


def _check_finite(record: EpochRecord, may_be_nan: Collection[str]) -> None:
    for key, value in record.metrics.items():
        is_unknown = math.isnan(value) and key.rpartition("/")[2] in may_be_nan
        if not math.isfinite(value) and not is_unknown:
            reason = f"diverged at epoch {record.epoch}: {key} is {value}"
            raise Diverged(record.epoch, reason)
