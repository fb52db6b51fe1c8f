"""What is not installed is asked for, before anything is trained."""

import pytest
from workplace import Workplace

# Hides packages from a program, which then behaves as if they were not installed.
HIDE = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NAMES or name in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
for name in NAMES:
    sys.modules[name] = None
"""
MISSING = {
    "ray": ("ray", "hydra/launcher=ray needs Ray", "ray"),
    "submitit_local": ("submitit", "hydra/launcher=submitit_local needs submitit", "slurm"),
    "submitit_slurm": ("submitit", "hydra/launcher=submitit_slurm needs submitit", "slurm"),
}


@pytest.mark.parametrize("launcher", MISSING)
def test_an_extra_that_is_not_installed(tmp_path, launcher):
    module, what, extra = MISSING[launcher]
    plugins = ("hydra_plugins.hydra_ray_launcher", "hydra_plugins.hydra_submitit_launcher")
    (tmp_path / "without.py").write_text(
        f"NAMES = {(module, *plugins)}\n{HIDE}\nimport sweep.__main__\nsweep.__main__.main()\n"
    )
    workplace = Workplace(tmp_path)
    arguments = (f"hydra/launcher={launcher}", "optim.lr=0.1,0.2", "--multirun")
    process = workplace.start(*arguments, module="without")
    output, errors = process.communicate(timeout=60)
    assert output == ""
    assert errors == f'{what}, which is not installed: pip install "gluon-sweep[{extra}]"\n'
    assert process.returncode == 2
    assert not (tmp_path / "mlflow.db").exists()
