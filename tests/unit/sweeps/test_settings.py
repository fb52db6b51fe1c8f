from sweep.sweeps.settings import OF_A_SEARCH, OF_SEEDS, unused_settings

GIVEN = ["optim.lr=0.1", "seeds.max=5", "+search.n_trials=2"]
NO_SEEDS = "seeds.max=5 decides nothing: it is for seed=auto"
NO_SEARCH = "+search.n_trials=2 decides nothing: it is for hydra/sweeper=optuna"


def test_a_grid_has_no_use_for_settings_of_seeds_and_searches():
    assert unused_settings(GIVEN) == [NO_SEEDS, NO_SEARCH]
    assert unused_settings(GIVEN[:1]) == []


def test_each_kind_has_use_for_its_own():
    assert unused_settings(GIVEN, OF_SEEDS) == [NO_SEARCH]
    assert unused_settings(GIVEN, OF_A_SEARCH) == [NO_SEEDS]
