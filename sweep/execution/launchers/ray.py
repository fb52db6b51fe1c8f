"""``hydra/launcher=ray``: a Ray cluster, or this machine's cores by Ray.

Ray takes a second to import, and need not be installed; so it is imported where it is used.
"""

from typing import TYPE_CHECKING, Any, cast

from sweep.config.schema import Config
from sweep.execution.launcher import LAUNCHERS, Launcher, check_gpu
from sweep.optional import need

if TYPE_CHECKING:
    from sweep.execution.ray.cluster import RayExecutor


@LAUNCHERS.registers("ray")
class RayLauncher(Launcher):
    """Trains runs on the machines of a Ray cluster.

    Its settings, ``hydra.launcher.ray``, are laid out as Hydra's own plugin for Ray has them:
    ``init``, as ``ray.init`` takes it, and ``remote``, as ``ray.remote`` does.
    """

    may_fork = False

    def prepare(self, config: Config) -> None:
        """See that Ray is installed."""
        what = "hydra/launcher=ray needs Ray"
        need("ray", "ray", what)
        need("ray", "hydra_plugins.hydra_ray_launcher", f"{what} for Hydra")

    def count_gpus(self, config: Config) -> int:
        """Return 1 if runs such as this one are given a GPU, or a part of one.

        Raises:
            UserError: there is no such cluster; or it has not what such a run needs.
        """
        from sweep.execution.ray.cluster import check
        from sweep.execution.ray.connection import connect

        remote = self._remote(config)
        has_gpu = bool(remote.get("num_gpus"))
        check_gpu(config, has_gpu, "hydra.launcher.ray.remote.num_gpus", "1, or 0.5 to share one")
        connect(self.settings(config)["ray"]["init"])
        check(config, remote)
        return int(has_gpu)

    def executor(self, config: Config) -> "RayExecutor":
        """Return the cluster."""
        from sweep.execution.ray.cluster import RayExecutor
        from sweep.execution.ray.connection import connect

        connect(self.settings(config)["ray"]["init"])
        return RayExecutor(config, self._remote, self.application)

    def close(self) -> None:
        """Leave the cluster, or end it if it is the sweep's own."""
        from sweep.execution.ray.connection import ray

        ray.shutdown()

    def _remote(self, config: Config) -> dict[str, Any]:
        return cast(dict[str, Any], self.settings(config)["ray"]["remote"])
