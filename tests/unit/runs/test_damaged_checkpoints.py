"""Checkpoints that are not what was written, or are of something else."""

import hashlib
import io
import sys

import numpy as np
import pytest
from snapshots import KEY, file, kept, loaded, names, save

from sweep.errors import UserError
from sweep.training import checkpoint
from sweep.training.checkpoints import Checkpoints


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "checkpoints" / "run"


@pytest.fixture
def notices():
    return []


# --- damage ---


def truncated(content):
    return content[: len(content) // 2]


DAMAGES = {
    "cut in half": truncated,
    "without its last byte": lambda content: content[:-1],
    "empty": lambda content: b"",
    "the checksum alone": lambda content: content[:64],
    "the checksum and a line feed": lambda content: content[:65],
    "without its first byte": lambda content: content[1:],
    "a byte more": lambda content: content + b"\0",
    "zeros": lambda content: bytes(len(content)),
    "another checksum": lambda content: b"0" * 64 + content[64:],
    "a checksum in capitals": lambda content: content[:64].upper() + content[64:],
    "text": lambda content: b"no checkpoint\n",
}


def say(folder, epoch):
    path = file(folder, epoch)
    return (
        f"{path} is damaged (its checksum is wrong): set aside as {path.stem}.damaged, the one "
        "before it is used"
    )


def damage(folder, epoch, how):
    path = file(folder, epoch)
    content = how(path.read_bytes())
    path.write_bytes(content)
    return content


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_one_is_set_aside_and_the_one_before_it_used(folder, notices, how):
    save(folder, [1, 2, 3])
    content = damage(folder, 3, DAMAGES[how])
    assert loaded(folder, notices.append) == (2, 2)
    assert notices == [say(folder, 3)]
    assert kept(folder) == [*names(2), "epoch-0003.damaged"]
    assert (folder / "epoch-0003.damaged").read_bytes() == content
    assert loaded(folder, notices.append) == (2, 2)
    assert len(notices) == 1  # it is said once


def test_a_flip_of_any_byte_is_noticed(folder, notices):
    save(folder, [1, 2])
    whole = file(folder, 2).read_bytes()
    for at in range(len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        file(folder, 2).write_bytes(flipped)
        assert loaded(folder, notices.append) == (1, 1), at
    assert notices == [say(folder, 2)] * len(whole)
    file(folder, 2).write_bytes(whole)
    assert loaded(folder, notices.append) == (2, 2)


def test_a_damaged_best_one_is_no_use(folder, notices):
    save(folder, [1, 2, 2, 2])
    damage(folder, 2, truncated)
    assert loaded(folder, notices.append) is None  # the best epoch's parameters are nowhere
    assert notices[0] == say(folder, 2)
    assert all("epoch-0002.checkpoint is missing" in each for each in notices[1:])


def test_before_a_new_best_one_the_earlier_best_is_used(folder, notices):
    save(folder, [1, 1, 1, 4])
    damage(folder, 4, truncated)
    assert loaded(folder, notices.append) == (3, 1)
    assert notices == [say(folder, 4)]


def test_a_missing_best_one(folder, notices):
    save(folder, [1, 1, 1, 4, 4])
    file(folder, 4).unlink()
    assert loaded(folder, notices.append) is None
    missing = f"{file(folder, 4)} is missing: the checkpoint before it is used"
    assert notices == [missing]


def test_none_is_left(folder, notices):
    save(folder, [1, 1, 1])
    for epoch in (1, 2, 3):
        damage(folder, epoch, truncated)
    assert loaded(folder, notices.append) is None
    assert {say(folder, epoch) for epoch in (1, 2, 3)} <= set(notices)
    assert kept(folder) == [f"epoch-000{epoch}.damaged" for epoch in (1, 2, 3)]
    save(folder, [1, 2])  # it is trained anew, over all that
    assert loaded(folder, notices.append) == (2, 2)


# --- checkpoints of others ---


def sealed(rest):
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def refusal(folder, fingerprint=KEY):
    with pytest.raises(UserError) as raised:
        Checkpoints(folder, fingerprint).load(print)
    return str(raised.value)


def test_one_of_another_run_is_refused(folder):
    save(folder, [1])
    assert refusal(folder, "fedcba9876543210") == (
        f"{file(folder, 1)}: has fingerprint {KEY}, and this run fedcba9876543210; allowed is a "
        f"checkpoint of the same fingerprint. To train this run from the start, delete {folder}"
    )
    assert kept(folder) == names(1)


def test_one_of_another_format_is_refused(folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT", 3)
        save(folder, [1])
    assert refusal(folder) == (
        f"{file(folder, 1)}: has format 3, and this run 2; allowed is a checkpoint of the same "
        f"format. To train this run from the start, delete {folder}"
    )


class Attack:
    """Unpickled, it executes something."""

    def __reduce__(self):
        return (sys.exit, ("unpickled",))


@pytest.mark.parametrize("what", ["an object array", "a pickle"])
def test_nothing_is_unpickled(folder, what):
    save(folder, [1])
    line = file(folder, 1).read_bytes().split(b"\n")[1]
    attack = np.array([Attack()], dtype=object)
    stream = io.BytesIO()
    if what == "an object array":
        np.savez(stream, allow_pickle=True, attack=attack)
    else:
        stream.write(attack.dumps())
    file(folder, 1).write_bytes(sealed(line + b"\n" + stream.getvalue()))
    with pytest.raises(ValueError, match="allow_pickle="):
        Checkpoints(folder, KEY).load(print)
