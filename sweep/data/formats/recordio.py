"""RecordIO files of images: ``dataset=recordio dataset.train=A.rec dataset.test=B.rec``."""

from collections.abc import Iterable
from dataclasses import dataclass as plain_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.fields import STRICT, Role
from sweep.data.own.files import OwnFiles
from sweep.data.readers.broken import unusable
from sweep.data.readers.decoding import Form, decode, mode_of
from sweep.data.readers.file_states import FileState, is_file, state_of
from sweep.data.readers.parts import Part, whole_labels
from sweep.data.readers.rec import ALLOWED, RecordFile, check_index
from sweep.errors import UserError

INDEX = ".idx"


@DATASETS.registers("recordio")
@dataclass(frozen=True, config=STRICT)
class RecordIO(OwnFiles):
    """Images in RecordIO files, as ``im2rec`` and ``mx.recordio.pack_img`` write them.

    An ``.idx`` file beside one is not needed; if it is there, it has to fit.
    """

    name: Annotated[Literal["recordio"], Role.RECORD]

    def example(self) -> str:
        """Return how the file to train on is given."""
        return "dataset.train=train.rec"

    def files(self) -> Iterable[FileState]:
        """Return the state of the files, and of those beside them."""
        paths = self.paths().values()
        beside = [path.with_suffix(INDEX) for path in paths]
        indices = [each for each in beside if is_file(each)]
        return [state_of(path) for path in (*paths, *indices)]

    def part(self, path: Path) -> Part:
        """Return what is in a file."""
        return read_rec(path)


def read_rec(path: Path) -> Part:
    """Return the images of a RecordIO file.

    Raises:
        UserError: naming the byte at which something is wrong.
    """
    records = RecordFile(path)
    if is_file(index := path.with_suffix(INDEX)):
        check_index(index, records)
    if not len(records):
        raise UserError(f"{path}: no images; {ALLOWED}")
    return Part(_Records(records), whole_labels(records.labels(), records.where))


@plain_dataclass(frozen=True)
class _Records:
    records: RecordFile

    def __len__(self) -> int:
        return len(self.records)

    def where(self, row: int) -> str:
        return self.records.where(row)

    def pixels(self, row: int, form: Form) -> NDArray[Any]:
        return decode(self.encoded(row), form, self.where(row))

    def encoded(self, row: int) -> bytes:
        try:
            return self.records.image(row)
        except (OSError, MemoryError) as error:
            raise unusable(self.where(row), "cannot be read", error) from error

    def mode(self, row: int) -> str:
        return mode_of(self.encoded(row))
