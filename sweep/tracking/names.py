"""What the record calls things: tags of runs and sweeps, files that they keep, MLflow's own names.

MLflow's are written down here, since importing it takes a second; a test compares them with it.
"""

KIND, SWEEP, RUN, ADOPTED = "sweep.kind", "sweep", "run", "adopted"
ENDED = ("FINISHED", "FAILED", "KILLED")  # statuses
STUDY, TRIAL = "search.study", "search.trial"
SEEDS = "sweep.seeds."  # begins the tags of a sweep with seed=auto that say what is decided
TIED_RUNS = f"{SEEDS}tied_runs"  # fingerprints, one of each row that may be the best
DECIDED_BY = f"{SEEDS}metric"
FINGERPRINT, FOLDER = "fingerprint", "checkpoint_folder"
DATASET_DIGEST = "dataset.digest"
FAILURE, DIVERGED = "failure_reason", "diverged"
PRUNED_AFTER, PAUSED_AFTER = "pruned_after_epoch", "paused_after_epoch"
SWEEP_PAUSED = "sweep.paused"  # of a sweep that starts nothing until it is told to: since when
GOES_ON_FROM, EPOCHS_TAKEN_OVER = "goes_on_from_run", "epochs_taken_over"
INTERRUPTIONS = "interruptions"  # how often a run went on
BUNDLE = "bundle.sha256"  # of what was not trained here: which bundle it was taken in from

CONFIG_FILE, ENVIRONMENT_FILE = "config.yaml", "environment.yaml"
PARAMETERS_FILE, FOUND_FILE = "parameters/net.params", "found.json"
NAMES_FILE = "parameters/names.json"  # of the parameters, where the model has them
ADDED_FILE = "added.json"  # overrides that were added to a sweep while it was at work
FIGURES_FOLDER = "figures"
CONFUSION_FILE = f"{FIGURES_FOLDER}/confusion.csv"  # truths and answers, counted
SOURCE_FOLDER = "source"  # has a user's modules that make the network
DATASET_SOURCE_FOLDER = "dataset_source"  # has those that make the images
START_FOLDER = "init"  # has the trained parameters that a run started from

MLFLOW_OWN = "mlflow."  # what tags begin with that MLflow sets
MLFLOW_RUN_NAME = "mlflow.runName"
MLFLOW_RUN_NOTE = "mlflow.note.content"
MLFLOW_PARENT_RUN_ID = "mlflow.parentRunId"
MLFLOW_GIT_COMMIT = "mlflow.source.git.commit"
MLFLOW_GIT_DIRTY = "mlflow.source.git.dirty"
ARTIFACTS = "mlruns"  # the folder beside a database
SCHEMA = "dc11669786a5"  # the revision of the tables of MLflow 3.17
