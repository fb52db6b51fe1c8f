"""A Ray that cannot be used: what is said of it."""

import re

import pytest

from sweep.errors import UserError

pytest.importorskip("ray")

from sweep.execution.ray import connection  # noqa: E402  # which imports Ray

STARTED = "hydra/launcher=ray: Ray cannot be started on this machine, which may have too much to do"
CLUSTER = "hydra.launcher.ray.init.address=auto: Ray cannot be used there; the sweep has to be "


@pytest.mark.parametrize(
    ("address", "message"), [(None, STARTED), ("local", STARTED), ("auto", CLUSTER)]
)
def test_a_ray_that_does_not_start_is_a_line(address, message, monkeypatch):
    def times_out(options):
        raise Exception("The current node timed out\nduring startup.")

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(connection, "start_ray", times_out)
    with pytest.raises(UserError, match=f"^{re.escape(message)}.*: The current node timed out dur"):
        connection.connect({"address": address})


def test_a_value_that_ray_does_not_take_is_a_line(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(UserError) as error:
        connection.connect({"num_cpu": 2})
    assert str(error.value) == (
        "hydra.launcher.ray.init: Ray cannot be started here with these values; allowed is what "
        "`ray.init` takes, or hydra/launcher=local, which needs no Ray. RuntimeError: Unknown "
        "keyword argument(s): num_cpu"
    )
