"""What a network computes, counted in its graph."""

import json
import math


def multiplications(symbol, shape):
    """Count those of convolutions and dense layers for one image, from the graph alone."""
    internals = symbol.get_internals()
    _, found, _ = internals.infer_shape(data=(1, *shape))
    known = dict(zip(internals.list_outputs(), found, strict=True))
    nodes = json.loads(symbol.tojson())["nodes"]
    total = 0
    for node in nodes:
        if node["op"] in ("Convolution", "FullyConnected"):
            weight = known[nodes[node["inputs"][1][0]]["name"]]
            places = known[f"{node['name']}_output"][2:]
            total += math.prod(weight) * math.prod(places)
    return total
