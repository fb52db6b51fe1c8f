"""How often Python looks for garbage in processes of our own.

Whoever imports MLflow and draws a report makes a million objects, hardly any of which is garbage.
To look through them again and again takes a quarter of that time.
"""

import gc

USUAL = gc.get_threshold()
SELDOM = 50_000  # new objects until Python looks, which is a few megabytes of them


def look_seldom() -> None:
    """Let Python look for garbage seldom: where little is trained and much is imported."""
    gc.set_threshold(SELDOM, *USUAL[1:])


def look_as_usual() -> None:
    """Let Python look as it usually does: where arrays are made, which are large."""
    gc.set_threshold(*USUAL)
