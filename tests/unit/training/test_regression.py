"""Linear regression on real data: what training finds is the closed form."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.data.splits import load_dataset
from sweep.training.session import Training

# As many steps as epochs: the rate and the momentum are those that get nearest to the minimum in so
# few, for the eigenvalues of these features' correlations.
LINEAR = ("model=linear", "loss=l2", "dataset.normalize=standard", "batch_size=282", "epochs=160")
LINEAR += ("optim.lr=0.9", "optim.momentum=0.85", "dataset.val_size=70", "dataset.test_size=90")


def test_it_finds_the_closed_form():
    table = load_diabetes(as_frame=True).frame
    table.to_csv("diabetes.csv", index=False)
    config = load(*LINEAR, "dataset=csv", "dataset.train=diabetes.csv", "dataset.label=target")
    dataset = load_dataset(config.dataset)
    assert (dataset.outputs, dataset.class_names, dataset.task) == (1, (), "regression")
    training = Training(config, dataset, mx.cpu())
    for _ in training.epochs():
        pass

    features = table.drop(columns="target").to_numpy()
    numbers = table["target"].to_numpy()
    rows = {name: getattr(dataset, name).index for name in ("train", "val", "test")}
    assert sorted(np.concatenate([*rows.values()])) == [*range(442)]
    begin = features[rows["train"]]
    scaled = (features - begin.mean(axis=0)) / begin.std(axis=0)
    inputs = np.column_stack([scaled, np.ones(len(scaled))])
    exact, *_ = np.linalg.lstsq(inputs[rows["train"]], numbers[rows["train"]], rcond=None)

    last = training.records[-1].metrics
    errors = {name: numbers[each] - inputs[each] @ exact for name, each in rows.items()}
    assert last["val/rmse"] == pytest.approx(np.sqrt(np.mean(errors["val"] ** 2)), rel=1e-3)
    assert last["train/loss"] == pytest.approx(np.mean(errors["train"] ** 2) / 2, rel=1e-3)
    weight, bias = (each.data().asnumpy() for each in training.net.collect_params().values())
    np.testing.assert_allclose(weight[0], exact[:-1], rtol=1e-3, atol=1e-3)
    assert bias[0] == pytest.approx(exact[-1], rel=1e-3)
