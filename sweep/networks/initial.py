"""How weights start: ``model.init`` and ``model.init_scale``."""

from collections.abc import Callable
from typing import Any, Literal

from sweep.config.fields import Positive

Init = Literal["xavier", "normal", "he"]
InitScale = Positive | None


class Initialized:
    """A network whose fields say how its weights start.

    It is no dataclass, so that the fields stay where the networks have them.
    """

    init: Init
    init_scale: InitScale

    def initializer(self) -> Any:
        """Return what ``init`` and ``init_scale`` ask for."""
        return initializer(self.init, self.init_scale)


def initializer(init: Init, scale: InitScale) -> Any:
    """Return an ``mxnet.initializer.Initializer`` of the weights.

    Args:
        init: ``xavier`` is uniform, by the mean of fan-in and fan-out; ``normal`` is normal with
            one deviation; ``he`` is normal, by fan-in, as K. He et al. (2015), "Delving deep into
            rectifiers".
        scale: Xavier's magnitude (3 if None), the deviation (0.01), or the variance of He's times
            fan-in (2).
    """
    return _INITIALIZERS[init](scale)


def _xavier(scale: InitScale) -> Any:
    from sweep.backend.mxnet import mx  # the process of a sweep never loads it

    return mx.init.Xavier(magnitude=scale or 3)


def _normal(scale: InitScale) -> Any:
    from sweep.backend.mxnet import mx

    return mx.init.Normal(sigma=scale or 0.01)


def _he(scale: InitScale) -> Any:
    from sweep.backend.mxnet import mx

    return mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=scale or 2)


_INITIALIZERS: dict[Init, Callable[[InitScale], Any]] = {
    "xavier": _xavier,
    "normal": _normal,
    "he": _he,
}
