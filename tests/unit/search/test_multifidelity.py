"""What samplers are told of trials of which most were pruned."""

import math
from statistics import mean

import optuna
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from sweep.config.compose import load
from sweep.search.multifidelity import comparable

SEARCH = load("search.pruner=asha", "epochs=9").search  # pruned after epochs 1 and 3
BOUNDS = {"optim.lr": FloatDistribution(0.0, 1.0)}
DONE, PRUNED, RUNNING = TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING


def trial(state, *curve, value=None, lr=0.5):
    return create_trial(
        state=state,
        value=value if value is not None else max(curve) if state == DONE else None,
        params={"optim.lr": lr},
        distributions=BOUNDS,
        intermediate_values=dict(enumerate(curve, 1)),
    )


def told(*trials):
    """Return the values of the trials that a sampler is told of, None for those without."""
    return [each.value for each in comparable(trials, SEARCH, 9, n_dimensions=1)]


def test_few_trials_are_as_they_are():
    assert told(trial(DONE, *[0.1] * 9), trial(PRUNED, 0.5), trial(PRUNED, 0.6)) == [
        0.1,
        None,
        None,
    ]


def test_the_first_epoch_of_all_until_enough_went_on():
    trials = [
        trial(DONE, *[0.1] * 9),  # the first is never pruned, however bad
        trial(PRUNED, 0.5),
        trial(PRUNED, 0.6, 0.7, 0.65),
        trial(RUNNING, 0.7, 0.8),
        trial(RUNNING),
    ]
    assert told(*trials) == [0.1, 0.5, 0.6, 0.7, None]
    states = [each.state for each in comparable(trials, SEARCH, 9, 1)]
    assert states == [DONE, DONE, DONE, DONE, RUNNING]


def test_the_last_epoch_that_enough_have_reached():
    trials = [
        trial(DONE, *[0.1] * 9),
        trial(PRUNED, 0.5),
        trial(PRUNED, 0.6, 0.7, 0.65),
        trial(PRUNED, 0.6, 0.7, 0.75),
        trial(RUNNING, 0.6, 0.7, 0.8, 0.7),
    ]
    assert told(*trials) == [0.1, None, 0.65, 0.75, 0.8]


def test_what_all_reached_in_the_end_if_enough_did():
    ends = [trial(DONE, *[each] * 9, value=2 * each) for each in (0.1, 0.2, 0.3, 0.4)]
    assert told(*ends, trial(PRUNED, 0.9)) == [0.2, 0.4, 0.6, 0.8, None]


def test_what_diverged_has_no_value():
    trials = [trial(PRUNED, each) for each in (0.5, 0.6, 0.7, 0.8, math.nan, -math.inf)]
    assert told(*trials) == [0.5, 0.6, 0.7, 0.8, None, None]


def test_a_bad_run_that_was_never_pruned_is_not_followed():
    """Optuna's TPE alone takes it for the best of all, since it is the only one that is done."""
    bad, good = 0.9, 0.1
    trials = [trial(DONE, *[0.1] * 9, lr=bad)]
    trials += [trial(PRUNED, 0.5 + 0.01 * number, lr=0.3) for number in range(7)]
    trials += [trial(PRUNED, 0.8, lr=good)]

    def suggested(known):
        sampler = optuna.samplers.TPESampler(seed=0, n_startup_trials=5, multivariate=True)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(known)
        return mean(study.ask(BOUNDS).params["optim.lr"] for _ in range(100))

    alone, compared = suggested(trials), suggested(comparable(trials, SEARCH, 9, 1))
    assert abs(alone - bad) < abs(alone - good)
    assert abs(compared - good) < abs(compared - bad)
