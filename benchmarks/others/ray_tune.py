"""Ray Tune with PyTorch, a core a trial, and its callback for MLflow.

As https://docs.ray.io/en/latest/tune/examples/tune-mlflow.html and tune-pytorch-cifar.html have it.
The images go through Ray's object store, once for all trials; Ray gives each trial one thread. Its
actors are kept from trial to trial, as it advises for short ones: each would import PyTorch anew.
"""

import os

import ray
from common import Given, arguments, loaded, tell
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from torch_training import epochs, measured, validated


def train(config, given: Given, parts) -> None:
    """Train one network: a trial."""
    for epoch, (net, loss) in enumerate(epochs(given, parts["train"], config["seed"]), start=1):
        found = measured(net, loss, parts["val"])
        if epoch == given.epochs:
            found["test_accuracy"] = validated(net, parts["test"])[1]
        tune.report(found)


def main() -> None:
    """Run the trials."""
    given = arguments()
    ray.init(
        num_cpus=given.cores,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
    )
    tuner = tune.Tuner(
        tune.with_resources(
            tune.with_parameters(train, given=given, parts=loaded(given.data)), {"cpu": 1}
        ),
        tune_config=tune.TuneConfig(reuse_actors=True),
        param_space={"seed": tune.grid_search(list(range(given.runs)))},
        run_config=tune.RunConfig(
            name="ray",
            storage_path=os.path.abspath("ray"),
            callbacks=[MLflowLoggerCallback(given.tracking, experiment_name="ray tune")],
            verbose=0,
        ),
    )
    results = tuner.fit()
    if results.errors:
        raise SystemExit(str(results.errors[0]))
    tell([each.metrics["val_accuracy"] for each in results])


if __name__ == "__main__":
    main()
