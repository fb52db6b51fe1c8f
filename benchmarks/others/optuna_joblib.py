"""Optuna with PyTorch: a study that joblib's processes share, and each trial a run of MLflow.

As https://optuna.readthedocs.io/en/stable/tutorial/10_key_features/004_distributed.html has several
processes (one file as the storage, each of them loads the study), and as MLflow's documentation
records Optuna's trials: an objective with a run around it. Optuna's own callback for MLflow is
deprecated since its version 4.9. The values are given, by ``enqueue_trial``, since they are the
sweep's. joblib hands the images over in shared memory.
"""

import mlflow
import optuna
import torch
from common import Given, Part, arguments, loaded, tell
from joblib import Parallel, delayed
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from torch_training import epochs, measured, validated

STUDY = "optuna"


def storage() -> JournalStorage:
    """Return the storage, in this folder."""
    return JournalStorage(JournalFileBackend("journal.log"))


def optimize(given: Given, parts: dict[str, Part], trials: int) -> None:
    """Run so many trials in this process, with one thread."""
    torch.set_num_threads(1)
    record(given)

    def objective(trial: optuna.Trial) -> float:
        seed = trial.suggest_int("seed", 0, given.runs - 1)
        with mlflow.start_run(run_name=f"trial_{trial.number}"):
            mlflow.log_params(trial.params)
            for epoch, (net, loss) in enumerate(epochs(given, parts["train"], seed), start=1):
                found = measured(net, loss, parts["val"])
                mlflow.log_metrics(found, step=epoch)
            mlflow.log_metric("test_accuracy", validated(net, parts["test"])[1])
        return found["val_accuracy"]

    study = optuna.load_study(study_name=STUDY, storage=storage())
    study.optimize(objective, n_trials=trials)


def record(given: Given) -> None:
    """Say where the record is, and that nothing of a trial is printed."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    mlflow.set_tracking_uri(given.tracking)
    mlflow.set_experiment(STUDY)


def main() -> None:
    """Make the study, and share it."""
    given = arguments()
    record(given)
    study = optuna.create_study(study_name=STUDY, storage=storage(), direction="maximize")
    for seed in range(given.runs):
        study.enqueue_trial({"seed": seed})
    cores = range(given.cores)
    shares = [given.runs // given.cores + (core < given.runs % given.cores) for core in cores]
    parts = loaded(given.data)
    Parallel(n_jobs=given.cores)(delayed(optimize)(given, parts, each) for each in shares if each)
    tell([trial.value for trial in study.trials])


if __name__ == "__main__":
    main()
