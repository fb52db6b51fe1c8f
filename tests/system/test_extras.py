"""What is not installed is asked for, before anything is trained."""

import pytest
from workplace import Workplace

# Hides packages from a program, which then behaves as if they were not installed.
HIDE = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NAMES or name in NAMES:
            return None
        return self.finder.find_spec(name, path, target)

for name in [*sys.modules]:  # what was imported before
    if name.partition(".")[0] in NAMES:
        del sys.modules[name]
sys.meta_path = [Without(finder) for finder in sys.meta_path]
"""
RAY, SUBMITIT = "hydra/launcher=ray", "hydra/launcher=submitit"
OPTUNA = "hydra/sweeper=optuna"
MISSING = [  # the module, what needs it, its name, and the extra that brings it
    ("ray", [RAY], "Ray", "ray"),
    ("submitit", [f"{SUBMITIT}_slurm"], "submitit", "slurm"),
    ("optuna", [OPTUNA], "Optuna", "optuna"),
    ("cmaes", ["search.sampler=cmaes", OPTUNA], "cmaes", "optuna"),
]
OTHERS = [
    ("submitit", [f"{SUBMITIT}_local"], "submitit", "slurm"),
    ("torch", ["search.sampler=gp", OPTUNA], "torch", "gp"),
]


@pytest.mark.parametrize(
    ("module", "arguments", "name", "extra"),
    [*MISSING, *(pytest.param(*each, marks=pytest.mark.nightly) for each in OTHERS)],
)
def test_an_extra_that_is_not_installed(tmp_path, module, arguments, name, extra):
    plugins = ("hydra_plugins.hydra_ray_launcher", "hydra_plugins.hydra_submitit_launcher")
    (tmp_path / "without.py").write_text(
        f"NAMES = {(module, *plugins)}\n{HIDE}\nimport sweep.__main__\nsweep.__main__.main()\n"
    )
    workplace = Workplace.without_record(tmp_path)
    # Anew: what has been imported already would not ask for it.
    process = workplace.start_anew(*arguments, "optim.lr=0.1,0.2", "--multirun", module="without")
    output, errors = process.communicate(timeout=60)
    assert output == ""
    assert errors == (
        f'{arguments[0]} needs {name}, which is not installed: pip install "gluon-sweep[{extra}]"\n'
    )
    assert process.returncode == 2
    assert not (tmp_path / "mlflow.db").exists()
