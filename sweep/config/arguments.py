"""Arguments of what a user names by ``_target_``: the keys beside it that are no field of ours."""

import dataclasses
import json
from typing import Any


def gathered(schema: type, values: Any, key: str) -> Any:
    """Return a group's values with all that are no field in one text, in JSON.

    Args:
        schema: a dataclass, whose fields stay as they are.
        values: of the group, as they were composed; what is no dict is returned as it is.
        key: of the field that takes the text.
    """
    if not isinstance(values, dict):
        return values
    known = {each.name for each in dataclasses.fields(schema)}
    others = {name: value for name, value in values.items() if name not in known}
    kept = {name: value for name, value in values.items() if name in known}
    given = json.loads(kept.get(key, "{}")) | others
    return {**kept, key: json.dumps(given, sort_keys=True)}
