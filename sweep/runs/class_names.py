"""What the classes of an adopted network are called."""

from pathlib import Path

from sweep.data.splits import Dataset
from sweep.errors import UserError
from sweep.runs.adopted import Adopted


def class_names(file: Path | None, adopted: Adopted, dataset: Dataset | None) -> tuple[str, ...]:
    """Return the classes' names: from a file, or the dataset's, or else numbers.

    None where numbers are predicted.

    Args:
        file: with a line for each class.
        adopted: the network.
        dataset: that it is measured on.

    Raises:
        UserError: the file cannot be read, or has another number of lines than there are classes.
    """
    if (dataset.task if dataset else adopted.task) == "regression":
        if file:
            raise UserError(
                f"--classes {file}: the network predicts {adopted.outputs} numbers, and no classes"
            )
        return ()
    if file is None:
        numbers = tuple(str(number) for number in range(adopted.outputs))
        return dataset.class_names if dataset else numbers
    names = read_lines(file)
    if len(names) != adopted.outputs or len({*names}) != len(names):
        raise UserError(
            f"--classes {file}: has {len({*names})} different names; the network has "
            f"{adopted.outputs} outputs, and allowed is a line for each"
        )
    return names


def read_lines(file: Path) -> tuple[str, ...]:
    """Return the lines of a text, without those that are empty.

    Raises:
        UserError: it cannot be read, or is no text.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no text in UTF-8"
        raise UserError(f"--classes {file}: {why}; allowed is a text, a line a class") from error
    return tuple(line.strip() for line in lines if line.strip())
