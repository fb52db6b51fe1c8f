"""RecordIO files: what is read is what MXNet's own reader reads; what is broken is refused."""

import struct
from pathlib import Path

import numpy as np
import pytest
from own_images import encoded, patches

from sweep.backend.mxnet import mx
from sweep.data.formats.recordio import read_rec
from sweep.data.readers.rec import ALLOWED, MAGIC, RecordFile
from sweep.errors import UserError

IMAGES = [encoded(image, "JPEG") for image in patches(4)[0]]
MAGIC_BYTES = struct.pack("<I", MAGIC)


def written(path, records):
    """Write records by MXNet's own writer."""
    file = mx.recordio.MXRecordIO(str(path), "w")
    for record in records:
        file.write(record)
    file.close()
    return Path(path)


def packed(content, label=1.0, number=0):
    return mx.recordio.pack(mx.recordio.IRHeader(0, label, number, 0), content)


def by_mxnet(path):
    """Return label and content of each record as MXNet reads them."""
    file = mx.recordio.MXRecordIO(str(path), "r")
    found = []
    try:
        while (record := file.read()) is not None:
            header, content = mx.recordio.unpack(record)
            found.append((header.label, content))
    finally:
        file.close()
    return found


def by_us(path):
    records = RecordFile(path)
    return [(records.records[row].label, records.image(row)) for row in range(len(records))]


def message(path):
    with pytest.raises(UserError) as raised:
        read_rec(path)
    return str(raised.value)


def test_records_are_those_that_were_written():
    path = written("a.rec", [packed(each, row) for row, each in enumerate(IMAGES)])
    found = by_us(path)
    assert found == list(map(tuple, zip(map(float, range(len(IMAGES))), IMAGES, strict=True)))
    assert found == by_mxnet(path)


@pytest.mark.parametrize("length", range(4))
def test_records_of_any_length_follow_each_other(length):
    path = written("a.rec", [packed(b"abc"[:length]), packed(b"next")])
    assert by_us(path) == [(1, b"abc"[:length]), (1, b"next")] == by_mxnet(path)


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("shift", range(4))
def test_a_magic_number_in_the_data_is_read_back(times, shift):
    content = b"x" * shift + MAGIC_BYTES * times + b"between" + MAGIC_BYTES
    path = written("a.rec", [packed(content), packed(b"next")])
    assert by_us(path) == [(1, content), (1, b"next")] == by_mxnet(path)


def packed_with(labels, content):
    """As mxnet.recordio.pack does, which fails with NumPy 2.3 where labels are a list."""
    header = struct.pack("<IfQQ", len(labels), 0, 0, 0)
    return header + np.array(labels, "<f4").tobytes() + content


def test_one_label_may_follow_the_header():
    with_flag = packed_with([7], b"image")
    header, content = mx.recordio.unpack(with_flag)
    assert (header.label.tolist(), content) == ([7], b"image")
    assert struct.unpack_from("<I", with_flag)[0] == 1
    path = written("a.rec", [with_flag])
    assert by_us(path) == [(7, b"image")]


def test_several_labels_are_refused():
    path = written("a.rec", [packed(b""), packed_with([1, 2, 3], b"")])
    assert message(path) == (
        f"a.rec, byte 32: has 3 labels; supported are records with one; {ALLOWED}"
    )


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda b: b"", "a.rec: no images"),
        (lambda b: b[:5], "a.rec, byte 0: the file is cut: a record needs 8 bytes to begin with"),
        (
            lambda b: b[:30],
            "a.rec, byte 0: the record is said to have 25 bytes; the file ends 6 bytes before",
        ),
        (
            lambda b: b + b[:20],
            "a.rec, byte 72: the record is said to have 25 bytes; the file ends 16 bytes before",
        ),
        (lambda b: b + b"\0" * 9, "a.rec, byte 72: no record begins here: 0x00000000"),
        (
            lambda b: b"\x7f" + b[1:],
            "a.rec, byte 0: no record begins here: 0xced7237f, not 0xced7230a",
        ),
        (
            lambda b: b[:4] + struct.pack("<I", 2**29 - 1) + b[8:],
            "a.rec, byte 0: the record is said to have 536,870,911 bytes; the file ends",
        ),
        (
            lambda b: b[:4] + struct.pack("<I", (2 << 29) | 25) + b[8:],
            "a.rec, byte 0: the pieces of a record are not in order",
        ),
        (
            lambda b: MAGIC_BYTES + struct.pack("<I", 3) + b"abc\0",
            "a.rec, byte 0: has 3 bytes, and no header of an image: 24 bytes",
        ),
        (
            lambda b: b[:8] + struct.pack("<I", 1) + b[12:],
            "a.rec, byte 0: is cut in its label",
        ),
        (
            lambda b: b[:8] + struct.pack("<I", 2**31) + b[12:],
            "a.rec, byte 0: has 2,147,483,648 labels; supported are records with one",
        ),
        (lambda b: b"id,label\n1,2\n", "a.rec, byte 0: no record begins here: 0x6c2c6469"),
    ],
)
def test_what_is_wrong_is_named_with_its_byte(spoil, expected):
    path = written("a.rec", [packed(b"a"), packed(b"b")])
    content = path.read_bytes()
    assert len(content) == 72
    path.write_bytes(spoil(content))
    found = message(path)
    assert found.startswith(expected)
    assert found.endswith(f"; {ALLOWED}")


def test_a_file_that_is_not_there():
    assert message(Path("a.rec")) == "a.rec: cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("label", "shown"), [(-1.0, "-1"), (0.5, "0.5"), (float("nan"), "nan"), (1e30, "1e+30")]
)
def test_labels_that_are_none_of_a_class_are_refused(label, shown):
    path = written("a.rec", [packed(b"a"), packed(b"b", label)])
    assert message(path) == (
        f"a.rec, record at byte 36: label {shown} is no class; allowed are whole numbers "
        "from 0, one for each class"
    )


# --- the .idx file ---


def with_index(lines):
    path = written("a.rec", [packed(b"a"), packed(b"b")])
    Path("a.idx").write_text(lines)
    return path


def test_an_index_that_fits_changes_nothing():
    assert len(read_rec(with_index("5\t36\n4\t0\n")).labels) == 2


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("0\t0\n1\t40\n", "a.idx, line 2: no record begins at byte 40"),
        ("0\t0\n", "a.idx: has 1 of 2 records"),
        ("0\t" + "9" * 5_000 + "\n", "a.idx, line 1: no record begins at byte " + "9" * 20),
        ("0 0\n", "a.idx, line 1: no record begins at byte 0 0"),
        ("0\t0\n1\t36\n2\t36\n", "a.idx: has 3 of 2 records"),
    ],
)
def test_an_index_that_does_not_fit_is_refused(lines, expected):
    path = with_index(lines)
    assert message(path) == (f"{expected}; allowed is the .idx file of a.rec, or none: delete it")


# --- fuzz ---


def mutated(content, random):
    """Return a file with up to three mutations of bytes, lengths or ends."""
    content = bytearray(content)
    for _ in range(random.randint(1, 4)):
        place = random.randint(len(content))
        kind = random.randint(5)
        if kind == 0:
            content[place] = random.randint(256)
        elif kind == 1:
            del content[place : place + random.randint(1, 9)]
        elif kind == 2:
            content[place:place] = random.bytes(random.randint(1, 9))
        elif kind == 3:
            del content[place:]
        else:
            content[place : place + 4] = random.choice([MAGIC_BYTES, b"\xff" * 4, b"\0" * 4])
        if not content:
            break
    return bytes(content)


def test_a_fuzzed_file_is_read_as_mxnet_reads_it_or_refused():
    random = np.random.RandomState(0)
    short = [packed(each[:40], row) for row, each in enumerate(IMAGES[:5])]
    whole = written("a.rec", [*short, packed(MAGIC_BYTES + b"end")]).read_bytes()
    path, read = Path("fuzzed.rec"), 0
    for _ in range(2_000):
        path.write_bytes(mutated(whole, random))
        try:
            found = by_us(path)
        except UserError as error:
            assert str(error).startswith("fuzzed.rec, byte ")
            continue
        expected = by_mxnet(path)
        assert len(found) == len(expected)
        for (label, content), (other_label, other) in zip(found, expected, strict=True):
            assert content == other
            np.testing.assert_array_equal(label, other_label)
        read += 1
    assert 100 < read < 1_900
