"""The operators that normalise: by means and variances, by norms, by neighbouring channels."""

from typing import Any

from sweep.networks.symbols.attributes import ignored, number, one_of, switch, whole
from sweep.networks.symbols.operators import (
    Given,
    Misfit,
    Shapes,
    Values,
    axis_of,
    images,
    need,
    operator,
    with_parameters,
)

NORMALIZED = ("data", "gamma", "beta", "moving_mean", "moving_var")


MEANS: dict[str, Any] = {
    "eps": (number, 1e-3),
    "momentum": (number, 0.9),
    "fix_gamma": (switch, True),
    "use_global_stats": (switch, False),
    "output_mean_var": (one_of("False", "false", "0"), "False"),
}


@operator("BatchNorm_v1", slots=NORMALIZED, **MEANS)
@operator("BatchNorm", slots=NORMALIZED, axis=(whole(-8, 8), 1), cudnn_off=(ignored, None), **MEANS)
def batch_normalization(given: Values, shapes: Given) -> Shapes:
    """Batch normalisation."""
    data = need(shapes)
    each = (data[axis_of(given.get("axis", 1), data)],)
    if not 0 < given["eps"]:
        raise Misfit(f"has eps={given['eps']}; allowed is a number above 0")
    return with_parameters(shapes, each, each, each, each), [data]


@operator("InstanceNorm", slots=NORMALIZED[:3], eps=(number, 1e-3))
def instance_normalization(given: Values, shapes: Given) -> Shapes:
    """Normalisation of each channel of an image."""
    data = images(shapes, (3, 4, 5))
    return with_parameters(shapes, (data[1],), (data[1],)), [data]


@operator(
    "LayerNorm",
    slots=NORMALIZED[:3],
    axis=(whole(-8, 8), -1),
    eps=(number, 1e-5),
    output_mean_var=(one_of("False", "false", "0"), "False"),
)
def layer_normalization(given: Values, shapes: Given) -> Shapes:
    """Normalisation along one dimension."""
    data = need(shapes)
    each = (data[axis_of(given["axis"], data)],)
    return with_parameters(shapes, each, each), [data]


@operator(
    "LRN",
    alpha=(number, 1e-4),
    beta=(number, 0.75),
    knorm=(number, 2.0),
    nsize=(whole(1, 2**15), ...),
)
def local_response(given: Values, shapes: Given) -> Shapes:
    """Normalisation by neighbouring channels."""
    data = images(shapes)
    if given["nsize"] % 2 == 0:
        raise Misfit(f"has nsize={given['nsize']}; allowed is an odd number")
    return with_parameters(shapes), [data]


@operator("L2Normalization", eps=(number, 1e-10),
          mode=(one_of("instance", "channel", "spatial"), "instance"))  # fmt: skip
def l2_normalization(given: Values, shapes: Given) -> Shapes:
    """All values over their norm."""
    data = need(shapes) if given["mode"] == "instance" else images(shapes, (3, 4, 5))
    return with_parameters(shapes), [data]
