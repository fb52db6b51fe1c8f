import subprocess
import sys

import pytest

import sweep


def python(*arguments):
    """Run Python in a process of its own, in which nothing is imported yet; return its output."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


ORDERS = {
    "the functions alone": "from sweep import {name}",
    "the module's function before": "from sweep.{name} import {name}; from sweep import {name}",
    "the module before": "import sweep.{name}; from sweep import {name}",
    "the module after": "from sweep import {name}; import sweep.{name}; {name} = sweep.{name}",
    "by attribute": "import sweep; {name} = sweep.{name}",
    "by importlib": "import importlib; importlib.import_module('sweep.{name}'); "
    "from sweep import {name}",
    "another module that imports it": "import sweep.report; from sweep import {name}",
    "reloaded": "import sweep.{name}, importlib; importlib.reload(sweep); from sweep import {name}",
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_package_gives_functions_in_whatever_order_modules_are_imported(order):
    lines = []
    for name in ("leaderboard", "curves"):
        lines += [
            ORDERS[order].format(name=name),
            f"assert {name}.__module__ == 'sweep.{name}', {name}",
            f"assert {name}.__name__ == '{name}', {name}",
            f"from sweep.{name} import {name} as again",
            f"assert again is {name}",
        ]
    assert python("-c", "\n".join(lines)) == ""


def test_modules_are_there_too():
    script = """
import sys
from sweep import curves, leaderboard
from sweep.results.leaderboard import export, main
assert sys.modules["sweep.leaderboard"].leaderboard is leaderboard
assert sys.modules["sweep.curves"].curves is curves
import pickle
assert pickle.loads(pickle.dumps(leaderboard)) is leaderboard
"""
    assert python("-c", script) == ""


@pytest.mark.parametrize("module", ["sweep.leaderboard", "sweep.report"])
def test_modules_run_as_programs(module):
    # A module that its package has imported already would be run twice, with a RuntimeWarning.
    shown = python("-W", "error::RuntimeWarning", "-m", module, "--help")
    assert shown.startswith(f"usage: python -m {module} ")


def imported(script):
    return set(python("-c", f"{script}\nimport sys; print(*sys.modules)").split())


HEAVY = {"pandas", "mlflow", "matplotlib", "sklearn", "jinja2", "mxnet", "numpy", "hydra"}


def test_importing_the_package_imports_nothing_else():
    assert not imported("import sweep; sweep.__version__") & HEAVY


def test_what_draws_is_not_imported_before_a_sweep_has_ended():
    assert not imported("import sweep.__main__, sweep.sweeps") & {"matplotlib", "sklearn", "jinja2"}


def test_what_draws_is_not_imported_in_the_process_of_a_run():
    modules = "sweep.execution.local.preload, sweep.execution.worker"
    script = f"import os; os.environ['OMP_NUM_THREADS'] = '1'\nimport {modules}"
    # MXNet itself imports a little of scikit-learn.
    assert not imported(script) & {"matplotlib", "sklearn.ensemble", "sweep.report"}


def test_the_functions_stay():
    with pytest.raises(AttributeError, match=r"^sweep.leaderboard cannot be set$"):
        sweep.leaderboard = print
    assert callable(sweep.leaderboard)
