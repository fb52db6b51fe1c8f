"""What MLflow creates where it is not there yet, when several processes need it at once."""

import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

T = TypeVar("T")

# SQLite, PostgreSQL, MySQL, SQL Server; of a table that is created, too. The last is MLflow's own.
OTHERS_WERE_FASTER = re.compile(
    r"UNIQUE constraint failed|duplicate key value|Duplicate entry|Cannot insert duplicate key"
    r"|already exists|database is locked|deadlock|Deadlock|Giving up after",
)
TRIES = 12
LONGEST_PAUSE = 0.5  # seconds


def unless_others_were_faster(do: Callable[[], T]) -> T:
    """Do what creates something in MLflow where it is not there; again if others did meanwhile.

    MLflow looks whether a dataset, say, is known, and inserts it if not. Of several that do so at
    once, all but one are told that it is there already, and nothing of what they asked for is done.
    The next time they find it. Through a server it is the same, in its answer's words.

    Args:
        do: one request, which MLflow does as a whole or not at all.

    Raises:
        MlflowException, SQLAlchemyError: what it raises for another reason, or each time.
    """
    from mlflow.exceptions import MlflowException

    for number in range(1, TRIES):
        try:
            return do()
        except (MlflowException, SQLAlchemyError) as error:
            if not OTHERS_WERE_FASTER.search(str(error)):
                raise
        time.sleep(random.uniform(0, min(0.02 * 2**number, LONGEST_PAUSE)))
    return do()
