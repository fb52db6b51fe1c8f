"""Seeds until it is decided which row is best, with a launcher that trains nothing."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hydra.core.utils import JobReturn, JobStatus
from mlflow import MlflowClient
from omegaconf import OmegaConf
from record import new_record

from sweep import tracking
from sweep.config.compose import load
from sweep.config.fingerprint import fingerprint
from sweep.config.params import params
from sweep.data.splits import load_dataset
from sweep.errors import RunFailed, UserError
from sweep.execution.job import Job
from sweep.results.leaderboard import load_leaderboard
from sweep.runs.locks import RunLocks
from sweep.runs.membership import membership_of
from sweep.sweeps.auto_seed import check_auto, is_auto, with_first_seed
from sweep.sweeps.until_decided import sweep_until_decided

# Of each learning rate, by seed: 0.1 and 0.2 differ after five seeds, 0.001 is out at once.
SCORES = {
    0.001: [0.1, 0.11, 0.1, 0.12, 0.1, 0.1],
    0.1: [0.90, 0.91, 0.90, 0.92, 0.91, 0.92],
    0.2: [0.92, 0.96, 0.93, 0.97, 0.95, 0.97],
}


class Launcher:
    """Records runs as if they had been trained, and what a source has after them."""

    may_fork = True

    def __init__(self, uri, experiment, fails=(), killed_after=None, away=(), kills=()):
        self.tracker = tracking.Tracker(uri, experiment)
        self.fails, self.killed_after, self.away = fails, killed_after, away
        self.kills = kills
        self.launched = []

    def count_gpus(self, config):
        return 0

    def check_mxnet(self, config):
        pass

    def train(self, config, jobs, source=None, steering=None):
        results = [self.trained(job, source) for job in jobs]
        while source and (job := source.next()):
            results.append(self.trained(job, source))
        return results

    def trained(self, job, source):
        if (job.config.optim.lr, job.config.seed) in self.kills:  # while it waits
            result = JobReturn()
        else:
            result = self.train_one(job.config, membership_of(job.composed.hydra.job.env_set))
        source.finished(job, result)
        return result

    def train_one(self, config, membership):
        run = (config.optim.lr, config.seed)
        if len(self.launched) == self.killed_after:
            raise KeyboardInterrupt
        self.launched.append(run)
        tags = {
            tracking.KIND: tracking.RUN,
            tracking.FINGERPRINT: fingerprint(config, load_dataset(config.dataset).digest),
            tracking.FOLDER: RunLocks(Path(config.checkpoint_dir)).folder_id,
        }
        try:
            with self.tracker.open_run("run", params(config), tags, membership.sweep_id) as record:
                if run in self.fails:
                    raise RunFailed("because")
                record.log_metrics({"val/accuracy": SCORES[run[0]][run[1]]}, 1)
        except RunFailed as error:
            return JobReturn([], status=JobStatus.FAILED, _return_value=error)
        return JobReturn(status=JobStatus.COMPLETED, _return_value=0.5)


@dataclass
class Seeds:
    """Makes the runs of rows without Hydra."""

    rows: int
    options: tuple[str, ...]

    def job(self, row, seed):
        return planned(seed * self.rows + row.number, (row.overrides[0], f"seed={seed}"), self)

    def combination(self, job):
        return job.number % self.rows


def planned(number, overrides, seeds):
    composed = OmegaConf.create({"context": "cpu", "hydra": {"job": {"env_set": {}}}})
    return Job(number, overrides, lambda: composed, load(*overrides, *seeds.options), cost=1)


class Place:
    def __init__(self, folder, experiment):
        self.folder, self.experiment = folder, experiment
        self.uri = new_record(folder)
        self.client = MlflowClient(self.uri)

    def sweep(self, *rates, options=(), **trouble):
        """Sweep over these learning rates; return what was launched, and what was raised."""
        where = (f"tracking.uri={self.uri}", f"tracking.experiment={self.experiment}")
        where += (f"checkpoint_dir={self.folder}/checkpoints", "context=cpu", "figures=false")
        seeds = Seeds(len(rates), (*where, "seeds.max=6", *options))
        rows = [
            planned(number, (f"optim.lr={each}", "seed=0"), seeds)
            for number, each in enumerate(rates)
        ]
        launcher, error = Launcher(self.uri, self.experiment, **trouble), None
        command = [f"optim.lr={','.join(rates)}", "seed=auto", "seeds.max=6"]
        try:
            sweep_until_decided(rows, seeds, command, launcher)
        except (KeyboardInterrupt, RunFailed) as raised:
            error = raised
        return launcher.launched, error

    def parents(self):
        number = self.client.get_experiment_by_name(self.experiment).experiment_id
        return self.client.search_runs([number], "tags.`sweep.kind` = 'sweep'")

    def told(self):
        """Return what the only parent run has of the verdict."""
        (parent,) = self.parents()
        tags = parent.data.tags.items()
        begin = tracking.SEEDS
        return {key.removeprefix(begin): text for key, text in tags if key.startswith(begin)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture
def place(folder, request):
    return Place(folder, re.sub(r"\W", "_", request.node.name))


FIRST = [(rate, seed) for seed in range(3) for rate in SCORES]
FURTHER = [(rate, seed) for seed in (3, 4) for rate in (0.1, 0.2)]
VERDICT = [
    "Seeds: 13 of 18 runs in 3 looks, 5 saved",
    "  best: optim.lr=0.2 (5 seeds)",
    "  out: optim.lr=0.1 (5 seeds); optim.lr=0.001 (3 seeds)",
]
NO_SCORE = "out, since a run has no score (failed, diverged or killed)"
RATES = ("0.001", "0.1", "0.2")


def test_new_seeds_go_to_rows_that_may_be_the_best_until_it_is_decided(place, capsys):
    launched, error = place.sweep(*RATES)
    assert (launched, error) == ([*FIRST, *FURTHER], None)
    assert capsys.readouterr().out.splitlines()[-3:] == VERDICT
    told = place.told()
    assert (len(told.pop("tied_runs")), told.pop("metric")) == (16, "val/accuracy")
    assert told == {
        "tied": "optim.lr=0.2 (5 seeds)",
        "out": "optim.lr=0.1 (5 seeds); optim.lr=0.001 (3 seeds)",
        "failed": "none",
        **{"looks": "3", "runs": "13", "saved": "5"},
    }


def test_the_same_command_again_decides_from_the_record(place, capsys):
    place.sweep(*RATES)
    (parent,) = place.parents()
    capsys.readouterr()
    assert place.sweep(*RATES) == ([], None)
    assert capsys.readouterr().out.splitlines()[-3:] == VERDICT
    (again,) = place.parents()
    assert again.to_dictionary() == parent.to_dictionary()


@pytest.mark.parametrize("killed_after", [4, 10])
def test_after_an_interruption_the_same_seeds_are_trained(place, killed_after, capsys):
    before, error = place.sweep(*RATES, killed_after=killed_after)
    assert isinstance(error, KeyboardInterrupt)
    assert len(before) == killed_after
    assert "Seeds:" not in capsys.readouterr().out
    after, error = place.sweep(*RATES)
    assert (before + after, error) == ([*FIRST, *FURTHER], None)
    assert capsys.readouterr().out.splitlines()[-3:] == VERDICT
    assert place.told()["runs"] == "13"


def test_seeds_that_others_have_trained_are_not_trained_again(place):
    place.sweep("0.1", "0.2")
    launched, _ = place.sweep(*RATES)
    assert [rate for rate, _ in launched] == [0.001] * 3
    assert len(place.parents()) == 2


def test_rows_are_trained_again_if_that_is_asked_for(place):
    place.sweep(*RATES)
    launched, error = place.sweep(*RATES, options=("rerun=true",))
    assert (launched, error) == ([*FIRST, *FURTHER], None)


def test_a_row_with_a_failed_run_is_out(place, capsys):
    launched, error = place.sweep(*RATES, fails=[(0.2, 1)])
    assert str(error) == "1 of 9 runs failed"
    assert launched == FIRST
    told = capsys.readouterr().out.splitlines()
    assert "Seeds: 9 of 18 runs in 1 look, 9 saved" in told
    assert f"  {NO_SCORE}: optim.lr=0.2 (3 seeds)" in told
    assert place.told()["tied"] == "optim.lr=0.1 (3 seeds)"
    launched, error = place.sweep(*RATES)  # what failed is tried once more
    assert (launched, error) == ([(0.2, 1), *FURTHER], None)
    assert place.told()["failed"] == "none"


def test_seeds_that_a_row_has_not_had_since_it_has_no_score_are_not_counted(
    place, monkeypatch, capsys
):
    better = [0.95, 0.9, 0.95, 0.9, 0.95, float("nan")]
    monkeypatch.setitem(SCORES, 0.1, [0.9, 0.95, 0.9, 0.95, 0.9, 0.9, 0.9])
    monkeypatch.setitem(SCORES, 0.2, better)
    before, error = place.sweep(*RATES, options=("seeds.max=7",), killed_after=15)
    assert isinstance(error, KeyboardInterrupt)
    assert before == [*FIRST, *FURTHER, (0.1, 5), (0.2, 5)]
    after, error = place.sweep(*RATES, options=("seeds.max=7",))
    assert (after, error) == ([(0.1, 6)], None)
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "Seeds: 16 of 21 runs in 4 looks, 5 saved",
        "  best: optim.lr=0.1 (7 seeds)",
        "  out: optim.lr=0.001 (3 seeds)",
        f"  {NO_SCORE}: optim.lr=0.2 (6 seeds)",
    ]


def test_a_row_of_which_a_run_was_killed_is_out_and_it_is_said(place, capsys):
    launched, error = place.sweep(*RATES, kills=[(0.2, 1)])
    assert (launched, error) == ([each for each in FIRST if each != (0.2, 1)], None)
    lines = capsys.readouterr().out.splitlines()
    assert "run 5 was killed, and so its row is out: optim.lr=0.2 seed=1" in lines
    assert f"  {NO_SCORE}: optim.lr=0.2 (3 seeds)" in lines
    launched, error = place.sweep(*RATES)  # the same command trains it
    assert (launched, error) == ([(0.2, 1), *FURTHER], None)


def test_one_row_gets_the_first_seeds(place, capsys):
    launched, _ = place.sweep("0.1")
    assert launched == [(0.1, 0), (0.1, 1), (0.1, 2)]
    assert "  best: optim.lr=0.1 (3 seeds)" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("given", "auto"),
    [("seed=auto", True), ("+seed='auto'", True), ("seed=0", False), ("seed=auto,1", False)],
)
def test_what_auto_is(given, auto):
    assert is_auto(given) is auto


def test_auto_becomes_the_first_seed():
    given = ["optim.lr=0.1,0.2", "++seed=auto"]
    assert with_first_seed(given) == (["optim.lr=0.1,0.2", "++seed=0"], "++seed=0")
    assert with_first_seed(["seed=1"]) == (["seed=1"], None)


@pytest.mark.parametrize(
    "given", [["seed=auto,1"], ["seed=choice(auto,2)"], ["seed=auto", "seed=1"]]
)
def test_auto_stands_alone(given):
    with pytest.raises(UserError) as raised:
        check_auto(given)
    assert str(raised.value) == (
        f"{' '.join(given)}: auto chooses the seeds itself; allowed is seed=auto alone, or numbers"
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            "seed=auto",
            "seed=auto: is for a grid, by itself in the command, and with --multirun; "
            "allowed is a number",
        ),
        ("seeds.min=1", "seeds.min=1: allowed is a whole number, 2 or more"),
        ("seeds.min=30", "seeds.min=30: is more than seeds.max=20; allowed is at most as many"),
    ],
)
def test_what_no_run_can_have(given, text):
    with pytest.raises(UserError) as raised:
        load(given)
    assert str(raised.value) == text


def test_the_leaderboard_of_the_sweep_has_its_verdict(place):
    place.sweep(*RATES)
    (parent,) = place.parents()
    table = load_leaderboard(place.experiment, parent.info.run_id, tracking_uri=place.uri)
    assert table["optim.lr"].tolist() == [0.2, 0.1, 0.001]
    assert table["seeds"].tolist() == [5, 5, 3]
