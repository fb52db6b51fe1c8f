"""What a network is trained for: to tell classes apart, or to predict numbers."""

from typing import Literal

Task = Literal["classification", "regression"]

ANSWERS: dict[Task, str] = {"classification": "classes", "regression": "numbers"}
