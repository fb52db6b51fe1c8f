"""Sweeps that are killed at random moments, by whatever kills them, lose and change nothing."""

import contextlib
import os
import random
import signal
import time
from datetime import date

import pytest
from outcomes import assert_complete, outcomes
from workplace import CURVES, Workplace, fork_servers, gone, workers

SWEEP = ("optim.lr=0.1,0.2", "optim.momentum=0,0.9", "model.hidden=[32]", "context=cpu")
SWEEP += ("epochs=25", "early_stopping.patience=8", "figures=false")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    return Workplace(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def undisturbed(workplace):
    """What the sweep gives if nothing happens to it."""
    workplace.run(*SWEEP, "tracking.experiment=undisturbed", "--multirun")
    return outcomes(workplace.client, workplace.runs("undisturbed")[1])


def test_what_is_compared_has_been_trained(undisturbed):
    assert len(undisturbed) == 4
    lengths = {len(each["val/loss"]) for each in undisturbed.values()}
    assert len(lengths) > 1  # some have stopped early, and not the others
    for each in undisturbed.values():
        steps = [step for step, _ in each["train/loss"]]
        assert steps == list(range(1, len(steps) + 1))
        for key in (*CURVES[:4], "epoch_seconds", "images_per_second"):
            assert [step for step, _ in each[key]] == steps
        ((_, best),) = each["best_epoch"]
        assert each["val_at_best/loss"] == [(best, each["val/loss"][int(best) - 1][1])]
        assert [step for step, _ in each["test/accuracy"]] == [best]
        assert len(each["images"]) == 3


# --- who is killed ---


def kill_one(found, sweep, chance):
    """Kill one of these, or, where there is none at this moment, the sweep."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(chance.choice(found or [sweep.pid]), signal.SIGKILL)


STRIKES = {
    "a worker": lambda sweep, chance: kill_one([*workers(sweep.pid)], sweep, chance),
    "the fork server": lambda sweep, chance: kill_one(fork_servers(sweep.pid), sweep, chance),
    "the sweep": lambda sweep, chance: sweep.kill(),
    "all at once": lambda sweep, chance: os.killpg(sweep.pid, signal.SIGKILL),
    "Ctrl-C": lambda sweep, chance: os.killpg(sweep.pid, signal.SIGINT),
    "SIGTERM": lambda sweep, chance: sweep.terminate(),
}
CODES = {"Ctrl-C": (130, 0), "SIGTERM": (130, 0)}  # 0: it had ended already, or died in its worker


def strike_at_random(workplace, chance, *options):
    """Start the sweep, strike at a random moment, and wait until nothing of it is left.

    The moment is some time after some line: one of the plan, of an epoch, of the results; or one
    that says that a run has trained, and is about to be closed.

    Returns:
        Whether the strike hit, and whether the sweep came to its end.
    """
    who, sessions = chance.choice(list(STRIKES)), []
    after = chance.choice(["", "", " kept: "])
    lines, pause = chance.randrange(1, 4 if after else 60), chance.uniform(0, 0.3)

    def strike(sweep):
        sessions.append(sweep.pid)
        left = lines
        while left and (line := sweep.stdout.readline()):
            left -= after in line
        time.sleep(pause)
        STRIKES[who](sweep, chance)

    code, told, errors = workplace.watch(*SWEEP, *options, "--multirun", until=[], act=strike)
    print(f"{who}, {pause:.2f} s after {lines} lines with '{after}': {code}")
    assert gone(sessions[0]) == []
    assert code in CODES.get(who, (-signal.SIGKILL, 0)), errors
    assert errors == {130: "Interrupted.\n"}.get(code, "")
    hit = code != 0 or who == "the fork server" or [line for line in told if "retry 1 of" in line]
    return bool(hit), code == 0


def strike_often(workplace, undisturbed, seed, strikes):
    """Strike one sweep until it has come to its end, then the next one; compare all of them."""
    chance, hits = random.Random(seed), 0
    print("seed", seed)
    experiments = [f"seed_{seed}_sweep_0"]
    while hits < strikes:
        options = f"tracking.experiment={experiments[-1]}"
        hit, ended = strike_at_random(workplace, chance, options)
        hits += hit
        if ended:
            experiments.append(f"seed_{seed}_sweep_{len(experiments)}")
    for each in experiments:
        workplace.run(*SWEEP, f"tracking.experiment={each}", "--multirun")
    for each in experiments:
        assert_complete(workplace, undisturbed, each)


def test_two_random_strikes(workplace, undisturbed):
    strike_often(workplace, undisturbed, seed=1, strikes=2)


@pytest.mark.nightly
def test_many_random_strikes(workplace, undisturbed):
    seed = os.environ.get("SEED") or date.today().toordinal()
    strike_often(workplace, undisturbed, seed=int(seed), strikes=25)
