import gzip
import socket
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType
from omegaconf import OmegaConf

from sweep.backend.mxnet import device, mx
from sweep.config.checks import check_images
from sweep.config.compose import load
from sweep.data.published.sets import PUBLISHED
from sweep.data.splits import load_dataset
from sweep.errors import UserError
from sweep.execution.job import Job
from sweep.sweeps.grid import sweep
from sweep.tracking import probe
from sweep.uris import redacted

ABOVE_0 = "allowed is a finite number above 0"
NOT_BELOW_0 = "allowed is a finite number, 0 or more"
FRACTION = "allowed is a number from 0 to less than 1"
COUNT = "allowed is a whole number, 1 or more"
SIZE = "allowed is a whole number, 0 or more"
COUNTS = "allowed is a list of whole numbers, each 1 or more, as in [128,64]"
STALL = "allowed is auto, a number of seconds, 5 or more, or null"
SECONDS = "allowed is a number of seconds above 0, or null"
SEED = "allowed is a whole number from 0 to 2147483647"
ACTIVATIONS = "allowed is tanh, relu or sigmoid"
NAMES = ["arrays", "cifar10", "cifar100", "csv", "custom", "fashion_mnist", "folder", "idx"]
NAMES += ["linear_2017", "list", "mnist", "mnist_5k", "recordio"]
DATASETS = f"allowed: {', '.join(NAMES)}"
NETWORKS = (
    "alexnet, custom, densenet, googlenet, lenet, linear, mlp, nin, resnet, resnet20, symbol, vgg, "
    "zoo"
)
KINDS = "alexnet, custom, densenet, googlenet, lenet, linear, mlp, nin, resnet, symbol, vgg or zoo"
PRESETS = (
    "allowed: book_alexnet, book_densenet, book_googlenet, book_lenet, book_mlp, book_nin, "
    "book_resnet, book_softmax, book_vgg, fashion_lenet, linear_regression_2017, resnet20, "
    "tutorial_lenet, tutorial_lenet_tanh_output, tutorial_mlp"
)
NO_FIELD = "is not a field of the configuration"
SMALLER = "or smaller kernels, model.pool_size or model.pool_stride"
ONE_FOR_ALL = "cannot be swept over; it is one for all runs of a sweep"
NO_GPU = "context=gpu: MXNet sees no GPU here; allowed: cpu, auto (a GPU if there is one)."
NO_TRACKING = (
    "cannot be used; allowed: the address of an MLflow server that runs, or a database as in "
    "sqlite:///mlflow.db. "
)
OPTIMISERS = "adagrad, adam, adamw, lamb, nag, rmsprop, sgd, signum"

TRAIN_SIZES = {"mnist_5k": 4_000, "mnist": 60_000}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        # unknown choices
        ("model=vit", f"model=vit is unknown; allowed: {NETWORKS}"),
        ("model=lenett", f"model=lenett is unknown (did you mean lenet?); allowed: {NETWORKS}"),
        (
            "model.name=transformer",
            f"model.name=transformer: allowed is {KINDS}, as in model=alexnet",
        ),
        ("optim=adm", f"optim=adm is unknown (did you mean adam?); allowed: {OPTIMISERS}"),
        (
            "optim=adadelta",
            "optim=adadelta: MXNet's AdaDelta ignores the learning rate; allowed instead is "
            "optim=rmsprop, which scales by the same mean of squares, or optim=adagrad",
        ),
        (
            "schedule=multistep schedule.milestones=[5,12]",
            "schedule.milestones=[5, 12]: the rate never falls after epoch 12 with epochs=10; "
            "allowed are epochs before the last, each less than 10",
        ),
        ("dataset=imagenet", f"dataset=imagenet is unknown; {DATASETS}"),
        ("dataset=mnist5k", f"dataset=mnist5k is unknown (did you mean mnist_5k?); {DATASETS}"),
        (
            "dataset.name=imagenet",
            f"dataset.name=imagenet: allowed is {', '.join(NAMES[:-1])} or {NAMES[-1]}, as in "
            "dataset=arrays",
        ),
        ("experiment=nothing", f"experiment=nothing is unknown; {PRESETS}"),
        ("model.activation=tanhh", f"model.activation=tanhh: {ACTIVATIONS}"),
        ("model=lenet model.activation=softmax", f"model.activation=softmax: {ACTIVATIONS}"),
        ("model.output_activation=softmax", f"model.output_activation=softmax: {ACTIVATIONS}"),
        ("model.init=uniform", "model.init=uniform: allowed is xavier, normal or he"),
        ("model=lenet model.pooling=median", "model.pooling=median: allowed is max or avg"),
        ("context=tpu", "context=tpu: allowed is auto, cpu or gpu"),
        ("monitor=test/accuracy", "monitor=test/accuracy: allowed is val/accuracy or val/loss"),
        # numbers
        ("optim.lr=0", f"optim.lr=0: {ABOVE_0}"),
        ("optim.lr=-1", f"optim.lr=-1: {ABOVE_0}"),
        ("optim.lr=nan", f"optim.lr=NaN: {ABOVE_0}"),
        ("optim.lr=inf", f"optim.lr=Infinity: {ABOVE_0}"),
        ("optim.lr=fast", f"optim.lr=fast: {ABOVE_0}"),
        ("optim.lr=", f"optim.lr=: {ABOVE_0}"),
        ("optim.lr=null", f"optim.lr=null: {ABOVE_0}"),
        ("optim.lr=true", f"optim.lr=true: {ABOVE_0}"),
        ("optim.lr=[0.1]", f"optim.lr=[0.1]: {ABOVE_0}"),
        ("optim.wd=-0.1", f"optim.wd=-0.1: {NOT_BELOW_0}"),
        ("optim.wd=nan", f"optim.wd=NaN: {NOT_BELOW_0}"),
        ("optim.wd=inf", f"optim.wd=Infinity: {NOT_BELOW_0}"),
        ("optim.momentum=1", f"optim.momentum=1: {FRACTION}"),
        ("optim.momentum=-0.1", f"optim.momentum=-0.1: {FRACTION}"),
        ("optim.momentum=nan", f"optim.momentum=NaN: {FRACTION}"),
        ("epochs=0", f"epochs=0: {COUNT}"),
        ("epochs=-1", f"epochs=-1: {COUNT}"),
        ("epochs=1.5", f"epochs=1.5: {COUNT}"),
        ("epochs=true", f"epochs=true: {COUNT}"),
        ("epochs=many", f"epochs=many: {COUNT}"),
        ("batch_size=0", f"batch_size=0: {COUNT}"),
        ("batch_size=-1", f"batch_size=-1: {COUNT}"),
        ("dataset.val_size=-1", f"dataset.val_size=-1: {SIZE}"),
        ("dataset.val_size=half", f"dataset.val_size=half: {SIZE}"),
        ("seed=-1", f"seed=-1: {SEED}"),
        ("seed=2147483648", f"seed=2147483648: {SEED}"),
        ("seed=1.0", f"seed=1.0: {SEED}"),
        ("threads_per_run=0", f"threads_per_run=0: {COUNT}"),
        ("n_jobs=0", f"n_jobs=0: {COUNT}, or null"),
        ("n_jobs=2.0", f"n_jobs=2.0: {COUNT}, or null"),
        ("n_jobs=all", f"n_jobs=all: {COUNT}, or null"),
        ("max_retries=-1", f"max_retries=-1: {SIZE}"),
        ("max_retries=1.5", f"max_retries=1.5: {SIZE}"),
        ("max_retries=true", f"max_retries=true: {SIZE}"),
        ("max_retries=null", f"max_retries=null: {SIZE}"),
        ("max_retries=often", f"max_retries=often: {SIZE}"),
        ("run_timeout=0", f"run_timeout=0: {SECONDS}"),
        ("run_timeout=-1", f"run_timeout=-1: {SECONDS}"),
        ("run_timeout=inf", f"run_timeout=Infinity: {SECONDS}"),
        ("run_timeout=nan", f"run_timeout=NaN: {SECONDS}"),
        ("run_timeout=an_hour", f"run_timeout=an_hour: {SECONDS}"),
        ("run_timeout=true", f"run_timeout=true: {SECONDS}"),
        ("stall_timeout=4.9", f"stall_timeout=4.9: {STALL}"),
        ("stall_timeout=inf", f"stall_timeout=Infinity: {STALL}"),
        ("stall_timeout=true", f"stall_timeout=true: {STALL}"),
        ("stall_timeout=never", f"stall_timeout=never: {STALL}"),
        ("early_stopping.patience=0", f"early_stopping.patience=0: {COUNT}"),
        ("early_stopping.min_delta=-1", f"early_stopping.min_delta=-1: {NOT_BELOW_0}"),
        ("test_every_epoch=1", "test_every_epoch=1: allowed is true or false"),
        ("rerun=1", "rerun=1: allowed is true or false"),
        ("rerun=always", "rerun=always: allowed is true or false"),
        ("on_failure=abort", "on_failure=abort: allowed is continue or stop"),
        ("on_failure=null", "on_failure=null: allowed is continue or stop"),
        ("checkpoint_dir=", "checkpoint_dir=: allowed is a text of one letter or more"),
        ("checkpoint_dir=null", "checkpoint_dir=null: allowed is a text of one letter or more"),
        ("model.init_scale=0", f"model.init_scale=0: {ABOVE_0}"),
        ("model.hidden=[0]", f"model.hidden=[0]: {COUNTS}"),
        ("model.hidden=128", f"model.hidden=128: {COUNTS}"),
        ("model.hidden=[128,x]", f'model.hidden=[128, "x"]: {COUNTS}'),
        ("model=lenet model.channels=[0,1]", f"model.channels=[0, 1]: {COUNTS}"),
        ("model=lenet model.pool_size=0", f"model.pool_size=0: {COUNT}"),
        ("model=lenet model.pool_stride=0", f"model.pool_stride=0: {COUNT}"),
        ("optim.lr=-1 epochs=0", f"optim.lr=-1: {ABOVE_0}\nepochs=0: {COUNT}"),
        # values that do not go together
        (
            "batch_size=3501",
            "batch_size=3501: beyond the training set; mnist_5k has 4,000 training images, 500 of "
            "them held out for validation, so at most 3500 is allowed",
        ),
        (
            "dataset=mnist batch_size=55001",
            "batch_size=55001: beyond the training set; mnist has 60,000 training images, 5,000 "
            "of them held out for validation, so at most 55000 is allowed",
        ),
        (
            "dataset.val_size=4000",
            "dataset.val_size=4000: leaves nothing to train on; mnist_5k has 4,000 training "
            "images, so at most 3999 can be held out",
        ),
        (
            "dataset.val_size=3999",
            "batch_size=100: beyond the training set; mnist_5k has 4,000 training images, 3,999 "
            "of them held out for validation, so at most 1 is allowed",
        ),
        (
            "dataset.val_size=0",
            "dataset.val_size=0: leaves nothing to validate on; allowed is 1 or more, or 0 with "
            "test_every_epoch=true, which measures on the test set after every epoch",
        ),
        (
            "dataset.val_size=0 test_every_epoch=true early_stopping.patience=2",
            "early_stopping.patience=2: there is nothing to stop by with dataset.val_size=0; "
            "allowed is null, or hold images out",
        ),
        (
            "model=lenet model.kernels=[5]",
            "model.kernels=[5]: there must be one for each of model.channels=[20, 50], and at "
            "least one",
        ),
        (
            "model=lenet model.channels=[] model.kernels=[]",
            "model.kernels=[]: there must be one for each of model.channels=[], and at least one",
        ),
        (
            "model=lenet model.kernels=[5,12]",
            "model.kernels=[5, 12]: nothing is left of the 28×28 image; its size after each "
            f"pooling would be [12×12, 0×0]; allowed are images of 30×30 or more, {SMALLER}",
        ),
        (
            "model=lenet model.pool_size=30",
            "model.kernels=[5, 5]: nothing is left of the 28×28 image; its size after each "
            f"pooling would be [0×0]; allowed are images of 100×100 or more, {SMALLER}",
        ),
        # keys
        ("epoch=3", f"epoch {NO_FIELD} (did you mean epochs?)"),
        ("+epoch=3", f"epoch {NO_FIELD} (did you mean epochs?)"),
        ("batchsize=3", f"batchsize {NO_FIELD} (did you mean batch_size?)"),
        ("optim.lrr=0.1", f"optim.lrr {NO_FIELD} (did you mean optim.lr?)"),
        ("+optim.momentun=0.1", f"optim.momentun {NO_FIELD} (did you mean optim.momentum?)"),
        ("optimm.lr=0.1", f"optimm.lr {NO_FIELD} (did you mean optim.lr?)"),
        ("lr=0.1", f"lr {NO_FIELD} (did you mean optim.lr?)"),
        ("momentum=0.1", f"momentum {NO_FIELD} (did you mean optim.momentum?)"),
        ("modle=lenet", f"modle {NO_FIELD} (did you mean model?)"),
        (
            "model.activations=tanh",
            f"model.activations {NO_FIELD} (did you mean model.activation?)",
        ),
        ("tracking.url=x", f"tracking.url {NO_FIELD} (did you mean tracking.uri?)"),
        ("zzzzzz=3", f"zzzzzz {NO_FIELD}"),
        ("~optim.lr", "optim.lr is missing"),
        ("~epochs", "epochs is missing"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(overrides, message):
    with pytest.raises(UserError) as error:
        config = load(*overrides.split(" "))
        check_images(config, TRAIN_SIZES[config.dataset.name], (1, 28, 28))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("optim.learning_rate=0.1", [f"optim.learning_rate {NO_FIELD}"]),
        ("optim.lr=0.1,0.2", ["optim.lr=0.1,0.2", "--multirun"]),
        ("optim.lr=${nothing}", ["optim.lr", "nothing"]),
        ("tracking.experiment=''", ["tracking.experiment=: allowed is a text of one letter"]),
        ("tracking.experiment=null", ["tracking.experiment=null: allowed is a text"]),
        (f"search.study={'a' * 513}", ["a: allowed is a text of one letter or more, and 512"]),
        ("dataset.root=[3]", ["dataset.root=[3]: allowed is a text"]),
        ("dataset.mirrors=x", ["dataset.mirrors=x: allowed is a list of texts"]),
        ("~model.name", ["model.name is missing"]),
        (
            "early_stopping=3",
            ["early_stopping=3: has fields; allowed is a value of one, as in early_stopping.pat"],
        ),
        ("model=null", ["model", "null"]),
        ("dataset=3", ["dataset", "3"]),
    ],
)
def test_the_field_and_the_value_are_named(override, parts):
    with pytest.raises(UserError) as error:
        load(override)
    assert [part for part in parts if part not in str(error.value)] == []


def test_a_field_of_the_other_network_is_not_offered_again():
    with pytest.raises(UserError) as error:
        load("model=mlp", "model.channels=[1,2]")
    assert str(error.value) == (
        "model.channels is not a field of model=mlp, but of model=alexnet, lenet, nin, resnet or "
        "vgg"
    )


def record(file="mlflow.db"):
    """Return a client of the record in this folder; MLflow keeps clients by their address."""
    return MlflowClient(f"sqlite:///{Path(file).absolute()}")


def recorded_runs(client):
    """Return all runs, deleted ones too, of all experiments."""
    experiments = client.search_experiments(view_type=ViewType.ALL)
    return client.search_runs([each.experiment_id for each in experiments], "", ViewType.ALL)


def assert_refused(result):
    """Check that there was nothing but a message."""
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert not Path("mlflow.db").exists() or recorded_runs(record()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("model=vit", f"model=vit is unknown; allowed: {NETWORKS}"),
        ("epoch=3 --multirun", f"epoch {NO_FIELD} (did you mean epochs?)"),
        ("batch_size=0", f"batch_size=0: {COUNT}"),
        (
            "model=mlp,lenet model.activation=relu,tanhh --multirun",
            f"model.activation=tanhh: {ACTIVATIONS}\n"
            "(in the combination model=mlp model.activation=tanhh)",
        ),
        ("tracking.experiment=one,two --multirun", f"tracking: {ONE_FOR_ALL}"),
        (
            "batch_size=3501",
            "batch_size=3501: beyond the training set; mnist_5k has 4,000 training images, 500 of "
            "them held out for validation, so at most 3500 is allowed",
        ),
        (
            "hydra/launcher=basic threads_per_run=1,2 --multirun",
            "threads_per_run=1,2: cannot be swept over with hydra/launcher=basic, which trains "
            "several runs in one process, where MXNet's threads cannot change; allowed launchers: "
            "local, ray, submitit_local, submitit_slurm",
        ),
    ],
)
def test_the_command_shows_the_message_and_trains_nothing(sweep_command, arguments, message):
    result = sweep_command(*arguments.split())
    assert result.stderr == f"{message}\n"
    assert_refused(result)


class NoGpus:
    """A launcher that is asked for nothing else."""

    def count_gpus(self, config):
        return 0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("tracking.experiment", "one two"),
        ("tracking.uri", "http://bob:secret@one http://bob:secret@two"),
        ("n_jobs", "1 2"),
        ("max_retries", "0 1"),
        ("on_failure", "continue stop"),
        ("rerun", "false true"),
        ("figures", "true false"),
        ("checkpoint_dir", "one two"),
    ],
)
def test_what_is_one_for_all_runs_cannot_be_swept_over(field, values):
    overrides = [f"{field}={value}" for value in values.split()]
    composed = OmegaConf.create()
    jobs = [
        Job(n, (each,), lambda: composed, load(each), cost=1) for n, each in enumerate(overrides)
    ]
    with pytest.raises(UserError) as error:
        sweep(jobs, overrides, NoGpus(), grid=None)
    assert str(error.value) == f"{field.partition('.')[0]}: {ONE_FOR_ALL}"
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "folder"), [(("seed=1",), "file"), (("seed=1,2", "--multirun"), "file/below")]
)
def test_the_command_trains_nothing_where_no_checkpoint_can_be(sweep_command, arguments, folder):
    Path("file").write_text("a file where the folder should be")
    result = sweep_command(f"checkpoint_dir={folder}", *arguments)
    assert result.stderr == (
        f"checkpoint_dir={folder}: cannot be written (Not a directory); allowed is a folder for "
        "checkpoints that can\n"
    )
    assert_refused(result)


def test_the_command_has_no_traceback_for_a_group_that_is_null(sweep_command):
    result = sweep_command("model=null")
    assert "model" in result.stderr
    assert_refused(result)


def test_no_gpu(monkeypatch):
    monkeypatch.setattr(mx.context, "num_gpus", lambda: 0)
    assert device("cpu") == device("auto") == mx.cpu()
    with pytest.raises(UserError) as error:
        device("gpu")
    assert str(error.value).startswith(NO_GPU)


def test_a_gpu_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(mx.context, "num_gpus", lambda: 1)
    assert device("gpu") == device("auto") == mx.gpu(0)
    assert device("cpu") == mx.cpu()


@pytest.mark.skipif(mx.context.num_gpus() > 0, reason="MXNet sees a GPU here")
def test_the_command_trains_nothing_when_one_run_needs_a_gpu(sweep_command):
    result = sweep_command("context=cpu,gpu", "--multirun")
    assert result.stderr.startswith(NO_GPU)
    assert_refused(result)


@pytest.fixture
def address(request, monkeypatch):
    """Give host and port of a server that refuses connections, or takes them and is silent."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if getattr(request, "param", "refuses") == "is silent":
            server.listen()
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("address", ["refuses", "is silent"], indirect=True)
def test_a_tracking_server_that_does_not_answer(sweep_command, address):
    result = sweep_command(f"tracking.uri=http://bob:secret@{address}/", "epochs=1", timeout=60)
    assert result.stderr.startswith(f"tracking.uri=http://***@{address}/: {NO_TRACKING}")
    assert len(result.stderr.splitlines()) == 1
    assert "secret" not in result.stderr
    assert_refused(result)


def test_a_database_that_cannot_be_opened(sweep_command):
    Path("folder").mkdir()
    result = sweep_command("tracking.uri=sqlite:///folder", "epochs=1", timeout=30)
    assert result.stderr.startswith(
        "tracking.uri=sqlite:///folder: cannot be used; allowed: sqlite:///folder/mlflow.db, if "
    )
    assert len(result.stderr.splitlines()) == 1
    assert_refused(result)


@pytest.mark.parametrize("uri", ["ftp://127.0.0.1/", "mysql+no_driver://a:b@c/d"])
def test_an_address_that_is_no_tracking_server(uri):
    with pytest.raises(UserError) as error:
        probe(uri)
    assert str(error.value).startswith(f"tracking.uri={redacted(uri)}: {NO_TRACKING}")


def test_a_database_without_its_driver(monkeypatch):
    monkeypatch.setitem(sys.modules, "MySQLdb", None)
    with pytest.raises(UserError) as error:
        probe("mysql://bob:secret@127.0.0.1/runs")
    assert str(error.value).startswith(f"tracking.uri=mysql://***@127.0.0.1/runs: {NO_TRACKING}")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("http://host:5000/path@x", "http://host:5000/path@x"),
        ("http://bob:secret@host:5000/", "http://***@host:5000/"),
        ("postgresql+psycopg2://bob:secret@host/runs", "postgresql+psycopg2://***@host/runs"),
        ("https://bob:sec@ret@host", "https://***@host"),
        ("postgresql://bob:sec/ret@host/runs", "postgresql://***@host/runs"),
        ("mysql+pymysql://bob:s/e@c@host/runs", "mysql+pymysql://***@host/runs"),
    ],
)
def test_shown_addresses_have_no_password(uri, expected):
    assert redacted(uri) == expected


def test_no_part_of_a_long_password_is_shown(address):
    with pytest.raises(UserError) as error:
        probe(f"http://bob:{'secret' * 100}@{address}")
    assert str(error.value).startswith(f"tracking.uri=http://***@{address}: {NO_TRACKING}")
    assert "secret" not in str(error.value)


def test_a_wrong_combination_is_shown_without_the_password(sweep_command):
    result = sweep_command("tracking.uri=http://bob:secret@host", "optim.lr=0.1,-1", "--multirun")
    assert result.stderr.startswith(f"optim.lr=-1: {ABOVE_0}\n(in the combination ")
    assert "secret" not in result.stderr
    assert_refused(result)


def put(folder, contents):
    """Write files, {name: content}, into a new folder."""
    Path(folder).mkdir()
    for name, content in contents.items():
        (Path(folder) / name).write_bytes(content)


NAMES = [file.name for file in PUBLISHED["mnist"].files]
NEEDED = f"needed are the four files of mnist, plain or with .gz: {', '.join(NAMES)}"
REPLACE = "Replace it."


def missing_files():
    put("folder", {f"{NAMES[0]}.gz": b"", NAMES[3]: b"", "README": b""})
    return f"dataset.root=folder: missing {NAMES[1]}, {NAMES[2]}; {NEEDED}"


def garbage():
    put("folder", dict.fromkeys(NAMES, b"no images"))
    return f"folder/{NAMES[0]} is incomplete: 9 bytes of 47,040,016. {REPLACE}"


def web_pages():
    put("folder", {f"{name}.gz": b"<html>404</html>" for name in NAMES})
    why = "cannot be read as a gzip file (Not a gzipped file (b'<h'))"
    return f"folder/{NAMES[0]}.gz {why}. {REPLACE}"


@pytest.mark.parametrize("make", [missing_files, garbage, web_pages])
def test_a_folder_without_the_dataset(make):
    message = make()
    with pytest.raises(UserError) as error:
        load_dataset(load("dataset=mnist", "dataset.root=folder").dataset)
    assert str(error.value) == message


def test_files_that_were_cut(published):
    contents = {name: (published / "mnist" / f"{name}.gz").read_bytes() for name in NAMES}
    put("zipped", {f"{name}.gz": content[:-1000] for name, content in contents.items()})
    put("plain", {name: gzip.decompress(content)[:-1] for name, content in contents.items()})
    for folder, message in [
        ("zipped", f"zipped/{NAMES[0]}.gz is incomplete: its gzip stream ends early. {REPLACE}"),
        ("plain", f"plain/{NAMES[0]} is incomplete: 47,040,015 bytes of 47,040,016. {REPLACE}"),
    ]:
        with pytest.raises(UserError) as error:
            load_dataset(load("dataset=mnist", f"dataset.root={folder}").dataset)
        assert str(error.value) == message


def test_files_of_another_dataset(published):
    with pytest.raises(UserError) as error:
        folder = published / "fashion-mnist"
        load_dataset(load("dataset=mnist", f"dataset.root={folder}").dataset)
    assert str(error.value) == (
        f"{folder}/{NAMES[0]}.gz is {NAMES[0]} of fashion_mnist, not {NAMES[0]} of mnist. {REPLACE}"
    )


def test_the_command_trains_nothing_with_a_wrong_file(sweep_command):
    message = garbage()
    result = sweep_command("dataset=mnist", "dataset.root=folder")
    assert result.stderr == f"{message}\n"
    assert_refused(result)


def test_the_command_trains_nothing_when_one_of_the_datasets_is_missing(sweep_command):
    arguments = ("dataset=mnist_5k,mnist", "dataset.root=nowhere", "epochs=1", "--multirun")
    result = sweep_command(*arguments)
    assert result.stderr == f"dataset.root=nowhere: there is no such folder; {NEEDED}\n"
    assert_refused(result)


DIVERGED = "diverged at epoch 1: train/loss is nan"


def assert_diverged(client, run):
    assert run.info.status == "FAILED"
    assert run.data.tags["failure_reason"] == DIVERGED
    assert "traceback.txt" in {each.path for each in client.list_artifacts(run.info.run_id)}
    text = Path(client.download_artifacts(run.info.run_id, "traceback.txt")).read_text()
    assert text.startswith("Traceback (most recent call last):")
    assert text.rstrip().endswith(f"Diverged: {DIVERGED}")


def test_a_run_that_diverges_fails_and_the_sweep_goes_on(sweep_command):
    address = "tracking.uri=sqlite:///record.db"
    result = sweep_command(address, "optim.lr=1e30,0.1", "epochs=2", "--multirun")
    assert result.stderr == "1 of 2 runs failed\n"
    assert result.returncode == 1
    assert f"run 0: failed: {DIVERGED}" in result.stdout.splitlines()
    assert "Traceback" not in result.stdout
    client = record("record.db")
    runs = recorded_runs(client)
    by_rate = {run.data.params["optim.lr"]: run for run in runs if run.data.params}
    assert (len(runs), set(by_rate)) == (3, {"1e+30", "0.1"})
    assert_diverged(client, by_rate["1e+30"])
    assert by_rate["0.1"].info.status == "FINISHED"
    assert by_rate["0.1"].data.metrics["val/accuracy"] > 0.5
    (sweep,) = (run for run in runs if not run.data.params)
    assert sweep.info.run_name.endswith("optim.lr=1e30,0.1 epochs=2")
    assert "record.db" not in sweep.info.run_name  # an address may hold a password


def test_a_single_run_that_diverges(sweep_command):
    result = sweep_command("optim.lr=1e30", "epochs=2")
    assert result.stderr == f"{DIVERGED}\n"
    assert result.returncode == 1
    (run,) = recorded_runs(record())
    assert_diverged(record(), run)


def test_a_number_will_do_as_a_name():
    assert load("tracking.experiment=2024").tracking.experiment == "2024"


def test_a_sweep_over_nothing(sweep_command):
    result = sweep_command("seed=range(0,0)", "--multirun")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "seed=range(0,0): sweeps over no value at all\n"


def test_a_folder_that_cannot_be_written_to(sweep_command):
    Path("outputs").write_text("a file where Hydra wants its folder")
    result = sweep_command("epochs=1")
    assert result.returncode == 2
    assert result.stderr.startswith("outputs/")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("epochs=1",),
        pytest.param(("epochs=1,2", "--multirun"), marks=pytest.mark.nightly),
        ("epochs=1,2", "context=cpu", "--multirun"),
        pytest.param(
            ("epochs=1,2", "hydra/launcher=basic", "--multirun"), marks=pytest.mark.nightly
        ),
    ],
    ids=" ".join,
)
def test_mxnet_without_the_libraries_it_needs(sweep_command, tmp_path, monkeypatch, arguments):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "mxnet.py").write_text("raise OSError('libquadmath.so.0: cannot open')")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    result = sweep_command(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "MXNet cannot be loaded: libquadmath.so.0: cannot open. On Debian and Ubuntu: "
        "apt-get install libgomp1 libquadmath0\n"
    )
