"""A mapping in YAML, from a file that may have been damaged, or written by anybody."""

from typing import Any

import yaml


def mapping_in(text: str) -> dict[str, Any]:
    """Return the mapping that a text is.

    Raises:
        ValueError: it is none.
    """
    try:
        found = yaml.safe_load(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # Not only YAMLError: of `!!bool x`, `!!timestamp x` and a day 2026-13-40 it raises others.
    except (yaml.YAMLError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(" ".join(str(error).split())) from error
    if not isinstance(found, dict):
        raise ValueError("it has no fields")
    return found
