"""PyTorch Lightning with a DataLoader and torchmetrics, as its documentation shows."""

import logging
import warnings

import lightning
import torch
import torchmetrics
from common import arguments, loaded, train_in_turn
from networks import network
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torch_training import tensors, validated

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore")  # it advises more worker processes; they are slower here
given = arguments()
parts = loaded(given.data)
dataset = TensorDataset(*tensors(parts["train"]))


class Classifier(lightning.LightningModule):
    """A network with its step."""

    def __init__(self) -> None:
        """Create it."""
        super().__init__()
        self.net = network(given.model)
        self.accuracy = torchmetrics.Accuracy(task="multiclass", num_classes=10)

    def training_step(self, batch, index):
        """Return the loss of a batch."""
        images, labels = batch
        scores = self.net(images)
        loss = functional.cross_entropy(scores, labels)
        self.accuracy(scores, labels)
        self.log("train_loss", loss)
        self.log("train_accuracy", self.accuracy, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self):
        """Return the optimiser."""
        return torch.optim.SGD(self.parameters(), lr=given.lr)


def train(seed: int) -> torch.nn.Module:
    """Train one network."""
    lightning.seed_everything(seed, verbose=False)
    trainer = lightning.Trainer(
        max_epochs=given.epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    model = Classifier()
    trainer.fit(model, DataLoader(dataset, batch_size=given.batch, shuffle=True))
    return model.net


train_in_turn(train, lambda net: validated(net, parts["val"])[1], given.runs)
