"""What a run needs, imported and computed before it begins: once for all that a server forks.

It touches no GPU, no database and no MXNet array: none of these would survive the fork.
"""

import contextlib
import gc
import importlib

from PIL import Image

import sweep.execution.worker  # noqa: F401
from sweep.config.compose import prepare_schema
from sweep.data.formats.mnist import read_packaged
from sweep.environment import commit
from sweep.errors import UserError
from sweep.signals import leave_the_terminal, let_come

MXNET = "sweep.backend.mxnet"
TASK = "sweep.commands.train"  # has the task of runs, whose processes are told its name

gc.disable()  # nothing of what is imported is garbage
try:
    importlib.import_module(TASK)
    # MXNet cannot be loaded: the first run imports it, and says so
    with contextlib.suppress(UserError):
        importlib.import_module(MXNET)
        import sweep.runs.execute  # noqa: F401
        from sweep.runs.described import environment_text
        from sweep.tracking import import_stores

        import_stores()
        environment_text()
        prepare_schema()
        Image.preinit()  # for the formats of figures

    commit()
    read_packaged()
    # What there is now is not looked through, and so not copied, in every process:
    # https://docs.python.org/3/library/gc.html#gc.freeze
    gc.freeze()
finally:
    gc.enable()
    leave_the_terminal()
    let_come()
