"""Which variables a run has on another machine."""

import pytest

from sweep.execution.remote.agent import environment


@pytest.mark.parametrize(
    ("name", "is_given"),
    [
        ("MLFLOW_TRACKING_TOKEN", True),
        ("AWS_ACCESS_KEY_ID", True),
        ("AZURE_STORAGE_CONNECTION_STRING", True),
        ("GOOGLE_APPLICATION_CREDENTIALS", True),
        ("HTTPS_PROXY", True),
        ("no_proxy", True),
        ("PATH", False),
        ("DATABASE_PASSWORD", False),
    ],
)
def test_what_reaches_the_record_is_given_and_nothing_else(monkeypatch, name, is_given):
    monkeypatch.setenv(name, "a value")
    assert (environment().get(name) == "a value") is is_given
