import pytest
from store import Store

from sweep.errors import UserError
from sweep.tracking.queries import find_run
from sweep.tracking.short_ids import shortened, whole_id, whole_run_id, whole_sweep_id


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def ids(store):
    """Runs and a sweep in two experiments."""
    runs = [store.run("one", name="lenet a"), store.run("two", name="lenet b")]
    runs += [store.run("two", name="twice"), store.run("one", name="twice")]
    parent = store.run("one", name="optim.lr=0.1,0.2", **{"sweep.kind": "sweep"})
    return [*runs, parent]


def test_the_beginning_of_an_id_is_enough_in_any_experiment(store, ids):
    for each in ids:
        assert whole_id(store.uri, each[:12]) == each
    assert find_run(store.uri, ids[1][:12]).info.run_id == ids[1]


def test_the_name_of_a_run_or_a_sweep_is_enough_if_no_other_has_it(store, ids):
    assert whole_run_id(store.uri, "lenet b") == ids[1]
    assert whole_sweep_id(store.uri, "optim.lr=0.1,0.2") == ids[4]


@pytest.mark.parametrize("given", ["0" * 32, "f00", "", "nothing", "it's", 'it\'s "so"'])
def test_what_is_none_is_returned_as_it_is(store, ids, given):
    assert whole_id(store.uri, given) == given


def test_what_may_be_several_is_said(store, ids):
    with pytest.raises(UserError) as error:
        whole_run_id(store.uri, "twice")
    said = str(error.value)
    assert said.startswith(f"twice may be several in {store.uri}: ")
    assert all(f"{each} (twice)" in said for each in ids[2:4])
    assert said.endswith("; allowed is one of these ids, or more of its digits")


def test_a_run_and_a_sweep_of_one_name_are_told_apart_by_what_is_asked_for(store):
    run, sweep = store.run("one", name="same"), store.run("one", name="same", **SWEEP)
    assert whole_run_id(store.uri, "same") == run
    assert whole_sweep_id(store.uri, "same") == sweep
    with pytest.raises(UserError, match="^same may be several in "):
        whole_id(store.uri, "same")


SWEEP = {"sweep.kind": "sweep"}


def test_ids_are_shortened_as_far_as_they_stay_apart():
    one, other, third = "a" * 32, "a" * 9 + "b" * 23, "c" * 32
    assert shortened([one, third]) == {one: "a" * 8, third: "c" * 8}
    assert shortened([one, other, one]) == {one: "a" * 10, other: "a" * 9 + "b"}
