"""What the server of fresh processes imports and computes once, for all runs that it forks.

It touches no GPU, no database and no MXNet array: none of these would survive the fork.
"""

import contextlib
import gc

from sweep.data.formats.mnist import read_packaged
from sweep.environment import commit, environment
from sweep.errors import UserError

with contextlib.suppress(
    UserError
):  # MXNet cannot be loaded: the first run imports it, and says so
    import sweep.runs.execute  # noqa: F401
    from sweep.tracking import import_stores

    import_stores()

environment()
commit()
read_packaged()
# What there is now is not looked through again, and so not copied, in every process:
# https://docs.python.org/3/library/gc.html#gc.freeze
gc.collect()
gc.freeze()
