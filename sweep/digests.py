"""Short digests of texts and values: 16 hexadecimal digits, the same on every machine."""

import hashlib
import json
from typing import Any


def short_digest(text: str) -> str:
    """Return 16 hex digits that identify a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def identity_of(value: Any) -> str:
    """Return 16 hex digits that identify a value that can be written as JSON, keys in any order."""
    return short_digest(json.dumps(value, sort_keys=True))
