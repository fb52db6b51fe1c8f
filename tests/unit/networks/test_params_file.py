"""Files of parameters, read as MXNet reads them; broken ones are told."""

import struct

import numpy as np
import pytest

from sweep.backend.mxnet import mx, nd
from sweep.networks.params_file import Broken, read_params, renamed
from sweep.networks.trained import read_arrays

ARRAYS = {
    "0.weight": np.array([[1.5, -2, 3], [4, 5, 1e-30]], np.float32),
    "0.bias": np.array([0.1], np.float64),
    "half": np.array([[[0.5]]], np.float16),
    "bytes": np.array([0, 255], np.uint8),
    "ints": np.array([-7, 2**31 - 1], np.int32),
    "small": np.array([-128], np.int8),
    "longs": np.array([2**40], np.int64),
    "é": np.zeros((2, 0, 3), np.float32),
}
HEADER = struct.pack("<QQ", 0x112, 0)
ONE = np.array([[1, 2, 3]], np.float32)
VALUES = struct.pack("<iii", 1, 0, 0) + ONE.tobytes()  # its device, its type, and it
NAME = struct.pack("<QQ", 1, 1) + b"x"


def saved(tmp_path, arrays):
    file = tmp_path / "some.params"
    nd.save(str(file), {name: nd.array(each, dtype=each.dtype) for name, each in arrays.items()})
    return file.read_bytes()


def same(found, expected):
    assert list(found) == list(expected)
    for name, each in expected.items():
        assert (found[name].dtype, found[name].shape) == (each.dtype, each.shape), name
        assert found[name].tobytes() == each.tobytes(), name


def test_all_types_and_shapes_are_read_to_the_bit(tmp_path):
    arrays = {name: each for name, each in ARRAYS.items() if each.size}
    same(read_params(saved(tmp_path, arrays)), arrays)


def test_arrays_of_mxnet_np_are_read_also_scalars(tmp_path):
    file = tmp_path / "some.params"
    arrays = {**ARRAYS, "scalar": np.array(2.5, np.float32), "truth": np.array([True, False])}
    with mx.util.np_shape(True), mx.util.np_array(True):
        given = {name: mx.np.array(each, dtype=each.dtype) for name, each in arrays.items()}
        mx.npx.save(str(file), given)
    same(read_params(file.read_bytes()), arrays)


def test_an_argument_and_a_state_of_one_name_are_not_told_apart(tmp_path):
    content = saved(tmp_path, {"arg:x": ONE, "aux:x": ONE})
    with pytest.raises(Broken, match="^has two parameters called x$"):
        read_arrays(content)


@pytest.mark.parametrize(
    "begin",
    [
        struct.pack("<III", 2, 1, 3),
        struct.pack("<Iiqq", 0xF993FAC8, 2, 1, 3),
        struct.pack("<Iiiqq", 0xF993FAC9, 0, 2, 1, 3),
    ],
)
def test_older_versions_are_read_as_mxnet_reads_them(tmp_path, begin):
    content = HEADER + struct.pack("<Q", 1) + begin + VALUES + NAME
    (tmp_path / "old.params").write_bytes(content)
    same({"x": nd.load(str(tmp_path / "old.params"))["x"].asnumpy()}, {"x": ONE})
    same(read_params(content), {"x": ONE})


def test_every_file_that_is_cut_off_is_told(tmp_path):
    content = saved(tmp_path, {"a": ONE, "b": ONE})
    for size in range(len(content)):
        with pytest.raises(Broken):
            read_params(content[:size])


def test_any_byte_may_be_wrong(tmp_path):
    content, random = saved(tmp_path, {"a": ONE, "b": ONE}), np.random.RandomState(0)
    for place in range(len(content)):
        broken = bytearray(content)
        broken[place] ^= random.randint(1, 256)
        try:
            found = read_params(bytes(broken))
        except Broken:
            continue
        assert len(found) == 2  # a value, a name or the device is another


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no file of MXNet's parameters"),
        (b"PK\x03\x04 and so on", "is no file of MXNet's parameters"),
        (HEADER + struct.pack("<QI", 1, 9), "is cut off: 4 bytes are missing or wrong at byte 28"),
        (
            HEADER + struct.pack("<QIi", 1, 0xF993FAC9, 1),
            "has a sparse array; allowed are dense ones",
        ),
        (HEADER + struct.pack("<QIii", 1, 0xF993FAC9, 0, 0), "has an array without a shape"),
        (HEADER + struct.pack("<QIiiq", 1, 0xF993FAC9, 0, 1, -1) + VALUES, "has an array without"),
        (
            HEADER + struct.pack("<QIiiqqq", 1, 0xF993FAC9, 0, 3, 2**40, 2**40, 0) + VALUES[:12],
            "has an array without a shape",
        ),
        (
            HEADER + struct.pack("<QIiiqiii", 1, 0xF993FAC9, 0, 1, 1, 1, 0, 12),
            "has an array of a type that is not known (12)",
        ),
        (
            HEADER + struct.pack("<QIiiqq", 1, 0xF993FAC9, 0, 2, 2**40, 2**40) + VALUES,
            "is cut off",
        ),
        (
            HEADER + struct.pack("<QIiiqq", 1, 0xF993FAC9, 0, 2, 1, 3) + VALUES + bytes(8),
            "has 1 arrays, and 0 different names of arrays",
        ),
        (
            HEADER + struct.pack("<QIiiqq", 1, 0xF993FAC9, 0, 2, 1, 3) + VALUES + NAME + b"12",
            "has 2 bytes more than it should have",
        ),
        (
            HEADER + struct.pack("<QIiiqqiii", 1, 0xF993FAC9, 0, 2, 1, 3, 1, 0, 0)
            + ONE.tobytes() + struct.pack("<QQ", 1, 1) + b"\xff",
            "has a name that is no text",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(content, message):
    with pytest.raises(Broken) as found:
        read_params(content)
    assert str(found.value).startswith(message)


def test_renamed_arrays_are_those_of_a_file_of_their_own(tmp_path):
    arrays = {name: each for name, each in ARRAYS.items() if each.size}
    content = saved(tmp_path, {f"arg:{name}": each for name, each in arrays.items()})
    some = {"a": arrays["longs"], "é": arrays["0.weight"], "c": arrays["half"]}
    names = {"a": "arg:longs", "é": "arg:0.weight", "c": "arg:half"}
    assert renamed(content, names) == saved(tmp_path, some)
    with pytest.raises(Broken, match="^has no arg:x, arg:y$"):
        renamed(content, {"a": "arg:x", "b": "arg:longs", "c": "arg:y"})
    with pytest.raises(Broken, match="^is cut off"):
        renamed(content[:-3], names)
