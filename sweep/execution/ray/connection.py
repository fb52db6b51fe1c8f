"""The connection to a Ray cluster, or to a Ray of this machine's cores."""

import os
import signal
import socket
from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from sweep.display.console import silent
from sweep.errors import UserError

SETTINGS = {  # which Ray reads when it is imported
    "RAY_USAGE_STATS_ENABLED": "0",
    # The terminal is the sweep's: no lines of Ray's on it.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    "RAY_SCHEDULER_EVENTS": "0",
    "RAY_NUM_REDIS_GET_RETRIES": "5",  # seconds for a cluster to answer, in fact
}
os.environ.update({**SETTINGS, **os.environ})

import ray as ray  # noqa: E402, PLC0414  # all import it from here
from hydra_plugins.hydra_ray_launcher._launcher_util import start_ray  # noqa: E402

CONNECT_SECONDS = 5.0
# How gRPC's HTTP/2 begins on both sides: https://www.rfc-editor.org/rfc/rfc9113#section-3.4
SETTINGS_FRAME = b"\x04"
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0" + SETTINGS_FRAME + b"\0\0\0\0\0"
OBJECT_STORE_BYTES = 80 * 2**20  # all that runs send is small
OWN = (None, "local")  # addresses of a Ray that is started for the sweep alone


def connect(init: Mapping[str, Any]) -> None:
    """Connect to a cluster, or start one of this machine's cores; nothing if that is done.

    Args:
        init: as ``ray.init`` takes it.

    Raises:
        UserError: there is no cluster at this address, or none can be started.
    """
    if ray.is_initialized():
        return
    address = init.get("address") or os.environ.get("RAY_ADDRESS")
    options = {**init, "address": address or "local"}
    if address in OWN:
        import joblib

        options = {"num_cpus": joblib.cpu_count(), "object_store_memory": OBJECT_STORE_BYTES} | {
            key: value for key, value in options.items() if value is not None
        }
    else:
        probe(str(address))
    kept = signal.getsignal(signal.SIGTERM)  # Ray would end the program in its own way
    try:
        with silent():
            start_ray(OmegaConf.create(options))
    except Exception as error:  # whatever Ray raises
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise UserError(f"{_unusable(address, error)} {told}") from error
    finally:
        signal.signal(signal.SIGTERM, kept)


def _unusable(address: str | None, error: Exception) -> str:
    if address not in OWN:
        return (
            f"hydra.launcher.ray.init.address={address}: Ray cannot be used there; the sweep has "
            "to be started on a machine of the cluster, with the cluster's token."
        )
    if type(error) is Exception:  # so Ray says that it took too long to start, and nothing else
        return (
            "hydra/launcher=ray: Ray cannot be started on this machine, which may have too much to "
            "do, or too little memory; allowed is to try again, or hydra/launcher=local, which "
            "needs no Ray."
        )
    return (
        "hydra.launcher.ray.init: Ray cannot be started here with these values; allowed is what "
        "`ray.init` takes, or hydra/launcher=local, which needs no Ray."
    )


def probe(address: str) -> None:
    """Check within seconds that something answers at a cluster's address.

    Raises:
        UserError: nothing does.
    """
    if address == "auto":
        return
    kind, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    try:
        if kind:
            raise ValueError(f"a program elsewhere ({kind}://) cannot start a sweep")
        with socket.create_connection((host, int(port)), CONNECT_SECONDS) as connection:
            connection.sendall(GREETING)
            if connection.recv(9)[3:4] != SETTINGS_FRAME:
                raise ConnectionError("what answers is something else")
    except (OSError, ValueError) as error:
        raise UserError(
            f"hydra.launcher.ray.init.address={address}: no Ray answers there; allowed: HOST:PORT "
            "as `ray start --head` shows it, auto (the cluster of this machine), null (the cores "
            f"of this machine). {error}"
        ) from error
