"""The file of a bundle: a zip with the same bytes for the same members, and read with suspicion.

All that can be wrong with such a file is found before anything of it is used: nothing is unpacked
to a disk, and no more is read than the limits allow, whatever the file says of itself.
"""

import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from sweep.bundling.layout import (
    FORMAT,
    MANIFEST,
    NAME,
    Manifest,
    digest,
    from_json,
)
from sweep.errors import UserError
from sweep.files import write_whole

OLDEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can name
MOST_MEMBERS = 20_000
MOST_BYTES = 512 * 2**20  # of all members, and of the file
MOST_OF_ONE = 64 * 2**20
MOST_TIMES = 200  # how many times as large as in the file a member of more than SMALL can be
SMALL = 2**20
MOST_OF_NAMES = 4 * 2**20  # in the zip's list of its members
# https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.15 and 4.3.16
END, END_BEGINS = struct.Struct("<4s4H2LH"), b"PK\x05\x06"
LOCATOR_BYTES, LOCATOR_BEGINS = 20, b"PK\x06\x07"
ENCRYPTED = 0x1  # of a member's flags
LEVEL = 9


def write_archive(file: Path, members: Mapping[str, bytes]) -> None:
    """Write members to a zip, all of it or nothing.

    Raises:
        OSError: it cannot be written.
        UserError: :func:`read_archive` would refuse it.
    """
    with tempfile.TemporaryFile() as made:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(members):
                info = zipfile.ZipInfo(name, OLDEST)
                info.create_system, info.external_attr = 3, 0o100644 << 16
                archive.writestr(info, members[name], zipfile.ZIP_DEFLATED, LEVEL)
        _members(made)
        made.seek(0)
        write_whole(file, lambda stream: shutil.copyfileobj(made, stream))


def read_archive(file: Path) -> dict[str, bytes]:
    """Return the members of a bundle, each as its manifest has it, with the manifest.

    Raises:
        UserError: it is no bundle, was changed or cut, or has what no bundle has.
    """
    try:
        with open(file, "rb") as stream:
            return _members(stream)
    except UserError as error:
        raise UserError(f"{file}: is refused: {error}") from error
    except OSError as error:
        if error.filename is None:  # not of opening it
            raise UserError(f"{file}: is refused: no zip that can be read") from error
        raise UserError(f"{file}: cannot be read: {error.strerror}") from error
    except Exception as error:  # of whatever kind: zipfile foresees few of the broken files
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise UserError(f"{file}: is refused: no zip that can be read ({reason})") from error


def _members(stream: IO[bytes]) -> dict[str, bytes]:
    if stream.seek(0, 2) > MOST_BYTES:
        raise UserError(f"larger than {MOST_BYTES:,} bytes")
    _check_end(stream)
    with zipfile.ZipFile(stream) as archive:
        infos = archive.infolist()
        _check_names([each.orig_filename for each in infos])
        for each in infos:
            _check_member(each)
        if sum(each.file_size for each in infos) > MOST_BYTES:
            raise UserError(f"has more than {MOST_BYTES:,} bytes in it")
        found = {each.filename: _content(archive, each) for each in infos}
    _check_manifest(found)
    return found


def _check_end(stream: IO[bytes]) -> None:
    """Check how long the list of members is before it is read: all of it is in memory then.

    The end is where `zipfile` looks first, without a comment; and where it finds no other numbers,
    as in the format for more than 4 GiB.
    """
    size = stream.seek(0, 2)
    stream.seek(max(0, size - END.size - LOCATOR_BYTES))
    before, end = stream.read(LOCATOR_BYTES), stream.read()
    if size < END.size + LOCATOR_BYTES or not end.startswith(END_BEGINS):
        raise UserError("no zip that can be read")
    *_, members, directory_bytes, _, comment = END.unpack(end)
    if comment or before.startswith(LOCATOR_BEGINS):
        raise UserError("is a zip with a comment, or for more than 4 GiB; no bundle is")
    if members > MOST_MEMBERS:
        raise UserError(f"has more than {MOST_MEMBERS:,} members")
    if directory_bytes > MOST_OF_NAMES:
        raise UserError(f"has more than {MOST_OF_NAMES:,} bytes of names of members")


def _check_names(names: list[str]) -> None:
    if len(names) > MOST_MEMBERS:
        raise UserError(f"has more than {MOST_MEMBERS:,} members")
    if MANIFEST not in names:
        raise UserError(f"has no {MANIFEST}; allowed is a file of `sweep bundle`")
    seen: dict[str, str] = {}
    for name in names:
        if name != MANIFEST and not NAME.fullmatch(name):
            raise UserError(f"has a member that no bundle has: {name[:100]!r}")
        before = seen.get(name.casefold())
        if before == name:
            raise UserError(f"has {name} twice")
        if before is not None:
            raise UserError(f"has {before} and {name}, which some systems take for one")
        seen[name.casefold()] = name


def _check_member(info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if info.filename != info.orig_filename or stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UserError(f"{info.orig_filename[:100]!r} is no plain file")
    if info.flag_bits & ENCRYPTED:
        raise UserError(f"{info.filename} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UserError(f"{info.filename} is compressed in an unknown way")
    if info.file_size > MOST_OF_ONE:
        raise UserError(f"{info.filename} has more than {MOST_OF_ONE:,} bytes")
    if info.file_size > max(SMALL, MOST_TIMES * info.compress_size):
        raise UserError(
            f"{info.filename} would be more than {MOST_TIMES} times as large as in the file"
        )


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as member:
        content = member.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise UserError(f"{info.filename} has not the size that it says")
    return content


def _check_manifest(found: Mapping[str, bytes]) -> None:
    _check_format(found[MANIFEST])
    manifest: Manifest = from_json(MANIFEST, found[MANIFEST], Manifest)
    others = set(found) - {MANIFEST}
    if more := sorted(others - set(manifest.members)):
        raise UserError(f"has a member that {MANIFEST} does not name: {more[0]}")
    if missing := sorted(set(manifest.members) - others):
        raise UserError(f"lacks {missing[0][:100]!r}, which {MANIFEST} names")
    for name, member in manifest.members.items():
        if member.bytes != len(found[name]) or member.sha256 != digest(found[name]):
            raise UserError(f"{name} is not what {MANIFEST} says: the file was changed or damaged")


def _check_format(manifest: bytes) -> None:
    """Check that a manifest is of the format that is read here."""
    found = from_json(MANIFEST, manifest, dict[str, Any]).get("format")
    if type(found) is not int or found != FORMAT:
        raise UserError(
            f"has the format {str(found)[:20]}; allowed is {FORMAT}, or a version of this program "
            "that reads the other"
        )
