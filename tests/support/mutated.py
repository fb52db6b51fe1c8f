"""Files of networks that are broken at random, by a seed; and what becomes of them.

``python mutated.py KIND FOLDER FIRST LAST`` tries some in a process of its own, which a crash or
twenty seconds without an end would end.
"""

import copy
import faulthandler
import functools
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

SECONDS = 20
EXTREMES = (
    *(-1, 0, 1, 2**31, 2**62, -(2**63), 1.5, True, None, "", [], {}, [[0, 0, 0]], "null", "data"),
    *("(0, 0)", "(-1, -1)", "(9999999999, 1)", "()", "nan", "inf", "1e39", "None", "(1,)" * 9),
    *("[" * 9, "1" * 5000, "é\x00", "${model.name}", "-2147483648", "fc1", [99999, 0, 0]),
)


def broken_graph(content, seed):
    """Return a graph with one to three changes: in its values, or in its bytes."""
    chance = random.Random(f"graph {seed}")
    if chance.random() < 0.3:
        return broken_bytes(content, chance)
    read = json.loads(content)
    for _ in range(chance.randint(1, 3)):
        if chance.random() < 0.2 and _rename(read, chance):
            continue
        places = list(_places(read))
        at, key = chance.choice(places)
        action = chance.random()
        if action < 0.6:
            at[key] = copy.deepcopy(chance.choice(EXTREMES))
        elif action < 0.75:
            del at[key]
        elif action < 0.9 and isinstance(at, list):
            at.insert(0, copy.deepcopy(at[key]))
        else:
            other, name = chance.choice(places)
            at[key] = copy.deepcopy(other[name]) if other is not at else None
    return json.dumps(read).encode()


def _rename(read, chance):
    """Give a node another name: one of the others', or none that a name should be."""
    nodes = read.get("nodes")
    nodes = [each for each in nodes if isinstance(each, dict)] if isinstance(nodes, list) else []
    if nodes:
        chance.choice(nodes)["name"] = chance.choice(
            (chance.choice(nodes).get("name"), "café 卷积", "\ud800", "a\nb", "\u2028", "$", '"\\')
        )
    return bool(nodes)


def _places(value):
    """Yield each container in JSON with each of its keys."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in list(inner):
        yield value, key
        if isinstance(each, dict | list):
            yield from _places(each)


def broken_parameters(content, seed):
    """Return parameters with changed bytes, most of them where shapes and sizes are."""
    return broken_bytes(content, random.Random(f"parameters {seed}"))


def broken_bytes(content, chance):
    found = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 40))):
        if not found:
            break
        place = chance.randrange(min(len(found), chance.choice((64, 512, len(found)))))
        action = chance.random()
        if action < 0.5:
            found[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        elif action < 0.7:
            found[place : place + 8] = chance.choice((b"\xff" * 8, bytes(8), b"\0\0\0\0\1\0\0\0"))
        elif action < 0.85:
            del found[place : place + chance.choice((1, 4, 100))]
        elif action < 0.95:
            found[place:place] = found[:place][-chance.choice((1, 8, 64)) :]
        else:
            del found[place + 1 :]
    return bytes(found)


BREAKERS = {"graph": broken_graph, "parameters": broken_parameters}


@functools.cache
def network(output):
    from sweep.config.compose import load

    return replace(load("model=symbol").model, file="net-symbol.json", output=output)


# The output of each folder's network; None for the only one.
OUTPUTS = {"group": "softmax", "many": None}


def checked(contents, output):
    """Return ``taken``, or what is wrong, before MXNet is given anything."""
    from sweep.networks.params_file import Broken
    from sweep.networks.symbols.fitting import fitting
    from sweep.networks.symbols.outputs import scores_of
    from sweep.networks.symbols.reading import read_graph
    from sweep.networks.trained import read_arrays

    try:
        arrays = read_arrays(contents["net-0002.params"])
        graph = read_graph(contents["net-symbol.json"])
        scores = scores_of(graph, output, arrays)
        unused = [each for each in graph.variables if each not in scores.graph.variables]
        fitting(scores.graph, arrays, unused, (12, 12))
    except Broken as error:
        return str(error)
    return "taken"


def outcome(files, output):
    """Return ``taken``, or the line that a user gets; whatever else is raised is a fault."""
    from sweep.errors import UserError
    from sweep.runs.adopted import adopt_symbol, understood

    try:
        adopted = adopt_symbol(understood(files, network(output)), (12, 12))
    except UserError as error:
        return str(error)
    import numpy as np

    from sweep.backend.mxnet import nd

    scores = adopted.net(nd.array(np.zeros((2, *adopted.shape)))).asnumpy()
    assert scores.shape == (2, adopted.outputs)
    return "taken"


def broken(kind, folder, seed):
    """Return what is in the two files of a folder, of which one is broken."""
    graph, parameters = folder / "net-symbol.json", folder / "net-0002.params"
    contents = {each.name: each.read_bytes() for each in (graph, parameters)}
    name = {"graph": graph, "parameters": parameters}[kind].name
    contents[name] = BREAKERS[kind](contents[name], seed)
    return contents


def read(kind, folder, seed):
    """Break a file, and return what is said of it without MXNet."""
    return checked(broken(kind, folder, seed), OUTPUTS[folder.name])


def tried(kind, folder, seed):
    """Break a file, and return what becomes of the network."""
    from sweep.runs.adopted_files import Files

    contents = broken(kind, folder, seed)
    files = Files(folder / "net-symbol.json", folder / "net-0002.params", contents)
    return outcome(files, OUTPUTS[folder.name])


if __name__ == "__main__":
    import sweep.runs.adopted  # noqa: F401 - takes long, and is no part of what is tried

    kind, folder, first, last = sys.argv[1:]
    network(OUTPUTS[Path(folder).name])
    for seed in range(int(first), int(last)):
        print("begun", seed, flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        print("ended", seed, ascii(tried(kind, Path(folder), seed)), flush=True)
        faulthandler.cancel_dump_traceback_later()
