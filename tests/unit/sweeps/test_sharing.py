"""Runs of a sweep that share epochs, as they are planned."""

from dataclasses import replace

import pytest
from machine import Machine, run
from machine import job as planned

from sweep.config.compose import load
from sweep.sweeps.sharing import Epochs, epochs_of, in_chains

CONFIG = load()


def job(number, chain, epochs, patience=None):
    stopping = replace(CONFIG.early_stopping, patience=patience)
    config = replace(CONFIG, epochs=epochs, early_stopping=stopping)
    return replace(planned(number, epochs), config=config, chain=chain, cost=10.0 * epochs)


def test_each_goes_on_from_the_one_that_ends_before_it():
    jobs = [job(0, "a", 20), job(1, "b", 4), job(2, "a", 5), job(3, "a", 10), job(4, "", 8)]
    found = [(each.number, each.cost) for each in in_chains(jobs, {})]
    assert found == [(2, 50.0), (3, 50.0), (0, 100.0), (1, 40.0), (4, 80.0)]
    states = {2: {7}, 3: {3, 7, 15}, 0: {7, 15}, 4: {2}}
    found = [(each.number, each.cost) for each in in_chains(jobs, states)]
    assert found == [(2, 50.0), (3, pytest.approx(30.0)), (0, 50.0), (1, 40.0), (4, 60.0)]


def test_who_is_less_patient_ends_earlier():
    jobs = [job(0, "a", 9), job(1, "a", 9, 5), job(2, "a", 9, 2)]
    assert [(each.number, each.cost) for each in in_chains(jobs, {})] == [
        (2, 90.0),
        (1, 0.0),
        (0, 0.0),
    ]


def test_epochs_count_once():
    jobs = [job(0, "a", 20), job(1, "b", 4), job(2, "a", 5), job(3, "", 7), job(4, "", 7)]
    assert epochs_of(jobs, {}) == Epochs(in_all=43, to_train=38)
    # What ends earlier than a state was kept does not go on from it, and may train anew.
    states = {0: {12}, 2: {12}, 1: {9}, 3: {6}}
    assert epochs_of(jobs, states) == Epochs(43, 5 + 8 + 4 + 1 + 7)
    assert epochs_of([], {}) == Epochs(0, 0)


def test_of_a_chain_only_one_is_trained_at_a_time_and_the_longest_chain_first():
    machine = Machine(lambda machine, number: None)
    at_once = []

    def finish_when_nothing_else_can_start(machine, number):
        at_once.append(sorted(machine.senders))
        if len(machine.senders) == 2 or number in (4,):
            for each in sorted(machine.senders):
                machine.finish(each)

    machine = Machine(finish_when_nothing_else_can_start)
    jobs = in_chains(
        [job(0, "a", 6), job(1, "a", 3), job(2, "b", 5), job(3, "b", 4), job(4, "a", 9)], {}
    )
    results = run(machine, jobs, 3)
    assert sorted(results) == [0, 1, 2, 3, 4]
    assert machine.started == [1, 3, 0, 2, 4]
    assert machine.most == 2
    chains = {each.number: each.chain for each in jobs}
    for numbers in at_once:
        assert len({chains[each] for each in numbers}) == len(numbers)
