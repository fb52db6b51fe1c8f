"""Hydra's own tests of its launchers, with our plugins beside them."""

import pytest
from hydra import version
from hydra.test_utils.launcher_common_tests import LauncherTestSuite

JOBS = ["hydra.launcher.timeout_min=2"]
# What applications of an older version of Hydra are told, as those of the tests are.
pytestmark = pytest.mark.filterwarnings("ignore:Future Hydra versions will no longer change")


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    return tmp_path_factory.mktemp("guests")


@pytest.fixture(autouse=True)
def _as_in_a_process_of_their_own(monkeypatch, lasting):
    """Hydra's tests remove their folders, and joblib's workers stay in the one they began in.

    Which version of Hydra an application is written for is known to its whole process.
    """
    monkeypatch.chdir(lasting)
    monkeypatch.setattr(version.VersionBase.instance(), "version_base", version._UNSPECIFIED_)


@pytest.mark.parametrize(
    ("launcher_name", "overrides"),
    [
        ("basic", []),
        pytest.param("joblib", [], marks=pytest.mark.nightly),
        pytest.param("submitit_local", JOBS, marks=pytest.mark.nightly),
    ],
)
class TestLaunchersOfOthers(LauncherTestSuite):
    """As Hydra's own packages have it."""
