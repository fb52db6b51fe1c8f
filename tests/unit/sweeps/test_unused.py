from sweep.sweeps.auto_seed import SETTINGS
from sweep.sweeps.unused import unused_settings

GIVEN = ["optim.lr=0.1", "seeds.max=5", "+search.n_trials=2"]
OF_SEEDS = "seeds.max=5 decides nothing: it is for seed=auto"
OF_A_SEARCH = "+search.n_trials=2 decides nothing: it is for hydra/sweeper=optuna"


def test_a_grid_has_no_use_for_settings_of_seeds_and_searches():
    assert unused_settings(GIVEN) == [OF_SEEDS, OF_A_SEARCH]
    assert unused_settings(GIVEN[:1]) == []


def test_seeds_that_are_chosen_have_use_for_theirs():
    assert unused_settings(GIVEN, SETTINGS) == [OF_A_SEARCH]
