"""What images there are: of which sizes and kinds, what is broken, what is there twice."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from tqdm import tqdm

from sweep.data.readers.broken import Broken, Unreadable
from sweep.data.readers.decoding import AS_THEY_ARE, without_warnings
from sweep.data.readers.parts import Part

CHUNK = 64  # images that a thread decodes at a time
KINDS = {1: "grey", 3: "colour"}


class Seen(NamedTuple):
    """An image as it was found.

    Attributes:
        where: it lies.
        part: that it belongs to.
        label: the name of its class.
        size: height and width, in pixels.
        kind: ``grey`` or ``colour``, and how the pixels are held, as in ``colour (RGB)``.
        digest: of its pixels; empty if it is broken.
        broken: the reason; empty if it is not.
    """

    where: str
    part: str
    label: str
    size: tuple[int, int]
    kind: str
    digest: str
    broken: str


@dataclass(frozen=True)
class Survey:
    """What was found.

    Attributes:
        images: all of them, in their order.
    """

    images: Sequence[Seen]

    @property
    def broken(self) -> list[Seen]:
        """Those that cannot be used."""
        return [each for each in self.images if each.broken]

    def sizes(self, part: str) -> Counter[tuple[int, int]]:
        """Return how many images of a part have which height and width."""
        return Counter(each.size for each in self._whole(part))

    def kinds(self, part: str) -> Counter[str]:
        """Return how many images of a part are of which kind."""
        return Counter(each.kind for each in self._whole(part))

    def classes(self, part: str) -> Counter[str]:
        """Return how many images of a part are of which class, the broken ones too."""
        return Counter(each.label for each in self.images if each.part == part)

    def repeated(self) -> list[list[Seen]]:
        """Return the images that are there more than once, those of one content together.

        Those that are in several parts come first: what is tested on should not be trained on.
        """
        found: dict[str, list[Seen]] = {}
        for each in self.images:
            if each.digest:
                found.setdefault(each.digest, []).append(each)
        groups = [group for group in found.values() if len(group) > 1]
        return sorted(groups, key=lambda group: len({each.part for each in group}) < 2)

    def _whole(self, part: str) -> Iterator[Seen]:
        return (each for each in self.images if each.part == part and not each.broken)


def survey(parts: Mapping[str, tuple[Part, Sequence[str]]]) -> Survey:
    """Decode all images, by all cores, and return what was found.

    Args:
        parts: with the names of their classes, by their own names.
    """
    import joblib  # which takes long, and is needed only here

    total = sum(len(part.labels) for part, _ in parts.values())
    images: list[Seen] = []
    bar = tqdm(desc="looking at images", total=total, unit="image", disable=None)
    with bar, without_warnings(), ThreadPoolExecutor(joblib.cpu_count()) as pool:
        for name, (part, class_names) in parts.items():
            starts = range(0, len(part.labels), CHUNK)
            for found in pool.map(lambda start: _look(name, part, class_names, start), starts):  # noqa: B023
                images += found
                bar.update(len(found))
    return Survey(images)


def _look(name: str, part: Part, class_names: Sequence[str], start: int) -> list[Seen]:
    rows = range(start, min(start + CHUNK, len(part.labels)))
    return [_seen(name, part, class_names[part.labels[row]], row) for row in rows]


def _seen(name: str, part: Part, label: str, row: int) -> Seen:
    where = part.pictures.where(row)
    try:
        pixels = part.pictures.pixels(row, AS_THEY_ARE)
        mode = part.pictures.mode(row)
    except Broken as error:
        return Seen(where, name, label, (0, 0), "", "", str(error))
    except Unreadable as error:
        return Seen(where, name, label, (0, 0), "", "", error.reason)
    height, width, channels = pixels.shape
    kind = f"{KINDS.get(channels, f'{channels} channels')} ({mode})"
    digest = hashlib.sha256(f"{pixels.shape} {pixels.dtype}".encode() + pixels.tobytes())
    return Seen(where, name, label, (height, width), kind, digest.hexdigest(), "")
