"""Our plugins in a process of their own: Hydra loads them, and nothing else of ours."""

import subprocess
import sys

LOADED = """
import sys
import hydra.core.plugins
from hydra.core.config_store import ConfigStore
hydra.core.plugins.Plugins.instance()
print(sorted(each for each in sys.modules if each.split(".")[0] in ("sweep", "mlflow", "rich")))
names = ConfigStore.instance().repo["hydra"]["launcher"]
print(sorted(each.removesuffix(".yaml") for each in names))
"""
OTHERS = ["basic", "joblib", "ray", "ray_aws", "submitit_local", "submitit_slurm"]


def test_loading_the_plugins_loads_nothing_of_ours_and_registers_nothing():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"[]\n{OTHERS}\n", "")
