"""Much that is asked for in parts, and much that MLflow answers in pages."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mlflow.store.entities import PagedList

IDS_AT_ONCE = 200  # in one condition
VALUES_AT_ONCE = 500  # in one question: SQLite takes 999, and others not many more

Item = TypeVar("Item")


def in_parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield items in parts of at most this size."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def pages(ask: Callable[[str | None], "PagedList[Item]"]) -> Iterator[Item]:
    """Yield all that MLflow answers, page after page, each asked for when it is needed.

    Args:
        ask: returns the page of a token; for None, the first one.
    """
    token = None
    while True:
        page = ask(token)
        yield from page
        token = page.token
        if not token:
            return
