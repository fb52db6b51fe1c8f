"""Other libraries' names for fields, to suggest ours: of Gluon, Keras, PyTorch and others."""

import difflib
from collections.abc import Collection, Iterator

CUTOFF = 0.6  # of difflib: from here on two words are alike
NAMES_OF_CHOICES = {"name", "type", "kind", "class_name"}  # where others choose by a field

# Of each field or group, the names under which it may be looked for.
ALSO_CALLED = {
    "optim.lr": "lr learning_rate rate base_lr init_lr initial_lr step_size eta eta0 alpha",
    "optim.wd": "wd weight_decay decay l2 l2_regularization regularization reg lambda penalty",
    "optim.momentum": "momentum mom",
    "optim.beta1": "beta_1",
    "optim.beta2": "beta_2",
    "optim.epsilon": "eps",
    "optim.clip_norm": "clip clip_gradient clip_grad_norm grad_clip gradient_clip_val "
    "gradient_clipping max_grad_norm max_norm clipnorm",
    "model.hidden": "hidden layers units hidden_size hidden_sizes hidden_layer_sizes hidden_units "
    "hidden_layers hidden_dim hidden_dims num_hidden n_hidden num_layers n_layers num_units "
    "n_units neurons layer_sizes depth dense fc",
    "model.channels": "channels filters num_filters n_filters num_channels feature_maps",
    "model.kernels": "kernels kernel kernel_size kernel_sizes",
    "model.pooling": "pooling pool pool_type",
    "model.activation": "activation act activations act_type activation_fn nonlinearity",
    "model.dropout": "dropout drop drop_rate dropout_rate drop_prob dropout_prob p_drop",
    "model.batch_norm": "batch_norm bn batchnorm batch_normalization use_bn norm",
    "model.init": "init initializer initialization weight_init kernel_initializer",
    "batch_size": "batch bs batchsize minibatch mini_batch minibatch_size train_batch_size",
    "epochs": "epoch n_epoch n_epochs num_epoch num_epochs max_epochs nb_epoch nb_epochs "
    "num_train_epochs iterations iteration iters n_iter num_iter max_iter steps max_steps "
    "num_steps",
    "seed": "random_seed random_state manual_seed rng rng_seed",
    "context": "gpu gpus ngpus num_gpus n_gpu device devices ctx cuda use_cuda use_gpu no_cuda cpu "
    "accelerator",
    "threads_per_run": "threads num_threads n_threads omp_num_threads",
    "n_jobs": "jobs num_jobs njobs max_batch_size workers num_workers n_workers max_workers "
    "processes n_processes parallel concurrency parallelism max_concurrent_trials",
    "max_retries": "retries retry max_failures",
    "run_timeout": "timeout time_limit max_time",
    "on_failure": "fail_fast on_error",
    "rerun": "retrain force overwrite",
    "checkpoint_dir": "checkpoint checkpoints checkpoint_path ckpt ckpt_dir save_dir save_path "
    "output_dir out_dir log_dir",
    "figures": "plot plots",
    "keep_models": "save_model save_models save_best_only keep_model",
    "monitor": "watch early_stopping_metric",
    "metrics": "metric",
    "early_stopping.patience": "patience early_stopping_patience early_stopping_rounds",
    "early_stopping.min_delta": "min_delta tolerance tol",
    "dataset.root": "root data_dir data_path data_root datadir dataset_dir dataset_path "
    "dataset.path dataset.dir dataset.folder data.path data.dir data.folder",
    "dataset.val_size": "val_size val_split validation_split validation_size validation_fraction "
    "val_fraction val_ratio valid_size",
    "dataset.normalize": "normalize normalization normalisation standardize standardise scaling",
    "dataset.folds": "folds k_folds n_splits cv",
    "schedule.warmup_epochs": "warmup warmup_epochs warmup_steps num_warmup_steps",
    "schedule.milestones": "milestones",
    "schedule.gamma": "lr_decay lr_decay_rate decay_rate decay_factor lr_gamma",
    "schedule.every": "schedule.step_size scheduler.step_size lr_scheduler.step_size lr_step",
    "augment.flip": "flip hflip horizontal_flip random_flip mirror",
    "augment.crop": "crop random_crop",
    "augment.shift": "shift translate translation width_shift_range",
    "augment.rotate": "rotate rotation rotation_range random_rotation",
    "augment.cutout": "cutout random_erasing erasing",
    "search.n_trials": "n_trials trials num_trials max_trials num_samples n_samples max_evals",
    "search.time_budget": "time_budget",
    "search.sampler": "sampler tuner search_alg",
    "search.pruner": "pruner",
    "search.objectives": "objectives objective direction directions",
    "search.warm_start": "warm_start transfer_learning",
    "search.enqueue": "enqueue enqueue_trial points_to_evaluate",
    "search.study": "study study_name search.name",
    "search.storage": "storage",
    "notify.command": "on_end on_finish callback notification notifications",
    "notify.url": "webhook webhook_url slack_webhook notify_url notify.uri",
    "tracking.uri": "uri url tracking_uri mlflow_uri mlflow_tracking_uri backend_store_uri",
    "tracking.experiment": "name run_name run.name logger.name sweep_name experiment.name "
    "experiment_name exp_name tracking.name mlflow_experiment mlflow_experiment_name project "
    "project_name",
    "model": "net network arch architecture backbone",
    "optim": "opt optimizer optimiser trainer solver",
    "loss": "criterion loss_fn loss_func loss_function cost_function",
    "schedule": "scheduler lr_scheduler lr_schedule sched",
    "dataset": "data datasets",
    "augment": "aug augmentation augmentations data_augmentation transform transforms",
}
_MEANT = {name: field for field, names in ALSO_CALLED.items() for name in names.split()}


def meant_by(key: str, known: Collection[str]) -> str | None:
    """Return the field or group that is meant by a name that none has; None without an idea.

    Args:
        key: dotted, as it was typed; it may begin with another program's group.
        known: all fields and groups.
    """
    ideas = _ideas(key.lower().replace("-", "_"), known)
    return next((each for each in ideas if each in known and each != key), None)


def named_by(key: str, known: Collection[str]) -> str | None:
    """Return the field or group of this name, or that others call so; None if there is none."""
    found = key.lower().replace("-", "_")
    found = _MEANT.get(found, found)
    return found if found in known else None


def _ideas(key: str, known: Collection[str]) -> Iterator[str]:
    """Yield what may be meant, the surest first."""
    parent, _, name = key.rpartition(".")
    yield key  # in other letters
    if key in _MEANT:
        yield _MEANT[key]
    if name in NAMES_OF_CHOICES:
        yield from _chosen_by_name(parent, known)
    group = _MEANT.get(parent, parent)
    if parent:
        yield f"{group}.{name}"  # optimizer.momentum
    if name in NAMES_OF_CHOICES:
        return  # a word that says nothing by itself
    if name in _MEANT and _fits(parent, _MEANT[name], known):
        yield _MEANT[name]
    yield from (each for each in known if each.rpartition(".")[2] == name)
    siblings = {each.rpartition(".")[2]: each for each in known if each.startswith(f"{parent}.")}
    yield from (siblings[each] for each in _alike(name, siblings))
    yield from _alike(key, [each for each in known if each not in siblings.values()])
    yield from (_MEANT[each] for each in _alike(name, _MEANT))


def _chosen_by_name(parent: str, known: Collection[str]) -> Iterator[str]:
    """Yield what is meant by ``training.optimizer.name``: here it has the name as its value."""
    what = parent.rpartition(".")[2]
    field = _MEANT.get(what, what)
    is_section = any(each.startswith(f"{field}.") for each in known)
    if f"{field}.name" in known or not is_section:
        yield field


def _fits(parent: str, field: str, known: Collection[str]) -> bool:
    """Return whether a field can be meant below this parent: one of its own, or nobody's."""
    return parent not in known or field.startswith(f"{parent}.")


def _alike(word: str, words: Collection[str]) -> list[str]:
    return difflib.get_close_matches(word, words, n=1, cutoff=CUTOFF)
