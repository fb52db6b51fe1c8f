"""Our plugins in other applications of Hydra: nothing of theirs is lost, and nothing is loaded."""

import subprocess
import sys

from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.config_store import ConfigStore

from hydra_plugins.gluon_names import OwnLaunchers
from sweep.config.compose import CONF

LOADED = """
import sys
import hydra_plugins.gluon_launcher, hydra_plugins.gluon_names, hydra_plugins.gluon_sweeper
print(sorted(each for each in sys.modules if each.split(".")[0] in ("sweep", "mlflow", "rich")))
"""


def kept(monkeypatch, folder):
    """Return which of two launchers are left in an application with this folder."""
    launchers = {"ray.yaml": 1, "theirs.yaml": 2}
    monkeypatch.setattr(ConfigStore.instance(), "repo", {"hydra": {"launcher": launchers}})
    path = ConfigSearchPathImpl()
    path.append("main", str(folder))
    OwnLaunchers().manipulate_search_path(path)
    return [*launchers]


def test_other_applications_keep_their_launchers(monkeypatch, tmp_path):
    assert kept(monkeypatch, tmp_path) == ["ray.yaml", "theirs.yaml"]


def test_our_application_has_its_own(monkeypatch):
    assert kept(monkeypatch, CONF) == ["theirs.yaml"]
    assert kept(monkeypatch, f"file://{CONF}") == ["theirs.yaml"]


def test_loading_the_plugins_loads_nothing_of_ours():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
