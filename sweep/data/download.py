"""Finds the files of the published datasets, verifies them, and downloads what is missing.

A file is known by the SHA-256 of its decompressed content, so it does not matter who compressed
it. Format of the files: http://yann.lecun.com/exdb/mnist/ (IDX).
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pooch
import requests
from filelock import Timeout
from tqdm import tqdm

from sweep.display.console import show_lines
from sweep.errors import UserError
from sweep.files import kernel_lock

TIMEOUT_SECONDS = 10
pooch.get_logger().setLevel("WARNING")  # the bar, or the error, says it all

SYSTEM_FOLDERS = {
    "mnist": Path("/usr/share/datasets/mnist"),
    "fashion_mnist": Path("/usr/share/datasets/fashion-mnist"),
}


class IdxFile(NamedTuple):
    """One published file: what identifies its content, and the gzip file that mirrors serve."""

    name: str
    size_bytes: int
    sha256: str
    gzip_md5: str


def _four_files(*sums: tuple[str, str]) -> tuple[IdxFile, ...]:
    names_and_sizes = (
        ("train-images-idx3-ubyte", 16 + 60_000 * 28 * 28),
        ("train-labels-idx1-ubyte", 8 + 60_000),
        ("t10k-images-idx3-ubyte", 16 + 10_000 * 28 * 28),
        ("t10k-labels-idx1-ubyte", 8 + 10_000),
    )
    return tuple(IdxFile(*file, *both) for file, both in zip(names_and_sizes, sums, strict=True))


FILES = {
    "mnist": _four_files(
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        ),
        (
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "d53e105ee54ea40749a09fcbcd1e9432",
        ),
        (
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "9fb629c4189551a2d022fa330f9573f3",
        ),
        (
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    "fashion_mnist": _four_files(
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        ),
        (
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "25c81989df183df01b3e8a0aad5dffbe",
        ),
        (
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "bef4ecab320f06d8554ea6380940ec79",
        ),
        (
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
}


def gluon_cache() -> Path:
    """Return the folder of Gluon's own datasets: ``$MXNET_HOME/datasets``."""
    home = os.environ.get("MXNET_HOME") or Path.home() / ".mxnet"
    return Path(home).expanduser() / "datasets"


@contextmanager
def alone(file: IdxFile) -> Iterator[None]:
    """Let one process at a time do this with a file, of all that share Gluon's cache.

    The kernel gives the lock free when its holder dies. Where there can be no lock, since the
    folder cannot be written or its file system has none, all go on at once: each file is written
    whole, so what is lost is time.
    """
    path = gluon_cache() / "locks" / f"{file.sha256[:16]}.lock"
    with ExitStack() as held:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = kernel_lock(path)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                show_lines(f"{file.name}: waits for another program that prepares it")
                lock.acquire()
            held.callback(lock.release)
        yield


def find(dataset: str, file: IdxFile, root: str | None, mirrors: Sequence[str]) -> Path:
    """Return where the file lies, plain or gzipped; download it if it is nowhere.

    Args:
        dataset: ``mnist`` or ``fashion_mnist``.
        file: one of ``FILES[dataset]``.
        root: the only folder to look in, if the user named one.
        mirrors: base URLs, tried in turn.

    Raises:
        UserError: the file is not in ``root``, or could not be downloaded.
    """
    cache = gluon_cache() / dataset.replace("_", "-")
    folders = [Path(root).expanduser()] if root else [cache, SYSTEM_FOLDERS[dataset]]
    if found := _first(folders, file):
        return found
    if root:
        raise UserError(_missing(dataset, folders[0]))
    with alone(file):  # whoever waited for another to download it looks again
        return _first(folders, file) or _download(dataset, file, cache, mirrors)


def _first(folders: Sequence[Path], file: IdxFile) -> Path | None:
    """Return where the file lies first, plain or gzipped; None if it is in no folder."""
    paths = [folder / name for folder in folders for name in (f"{file.name}.gz", file.name)]
    return next((path for path in paths if path.is_file()), None)


def _missing(dataset: str, folder: Path) -> str:
    if not folder.is_dir():
        return f"dataset.root={folder}: there is no such folder; {_needed(dataset)}"
    there = {path.name.removesuffix(".gz") for path in folder.iterdir() if path.is_file()}
    missing = [file.name for file in FILES[dataset] if file.name not in there]
    return f"dataset.root={folder}: missing {', '.join(missing)}; {_needed(dataset)}"


def _needed(dataset: str) -> str:
    names = ", ".join(file.name for file in FILES[dataset])
    return f"needed are the four files of {dataset}, plain or with .gz: {names}"


def _download(dataset: str, file: IdxFile, folder: Path, mirrors: Sequence[str]) -> Path:
    """Fetch the gzipped file into the folder: to a temporary name, checked, then renamed."""
    tried = []
    for mirror in mirrors:
        name = f"{file.name}.gz"
        # pooch asks whether there is a bar, which tqdm can answer only if it has a total; pooch
        # then sets the right one.
        bar = tqdm(desc=f"{dataset} {name}", total=1, unit="B", unit_scale=True, disable=None)
        registry = {name: f"md5:{file.gzip_md5}"}
        mirror = f"{mirror.rstrip('/')}/"
        source = pooch.create(folder, mirror, registry=registry, retry_if_failed=1)
        source_downloader = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT_SECONDS)
        try:
            return Path(source.fetch(name, downloader=source_downloader))
        except requests.RequestException as error:
            tried.append(f"{mirror}{name}: {_reason(error)}")
        except ValueError:
            tried.append(f"{mirror}{name}: what it sent is cut or is another file (wrong MD5)")
        except OSError as error:
            raise UserError(f"{folder}: cannot keep the dataset there: {error}") from error
        finally:
            bar.close()
    lines = "\n".join(f"  {line}" for line in tried or ["dataset.mirrors is empty"])
    raise UserError(
        f"{dataset} is not on this machine and could not be downloaded. Tried:\n"
        f"  {folder} and {SYSTEM_FOLDERS[dataset]}: not there\n{lines}\n"
        f"Two ways on: dataset=mnist_5k, which comes with this package; or put the four files "
        f"into a folder\nand give dataset.root=FOLDER ({_needed(dataset)})."
    )


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_SECONDS} s"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off midway"
    return type(error).__name__


def read_verified(path: Path, dataset: str, file: IdxFile) -> bytes:
    """Return the decompressed content, having checked that it is the published one.

    Raises:
        UserError: naming the file and what is wrong with it.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            content: bytes = stream.read(file.size_bytes + 1)
    except EOFError:
        raise UserError(_wrong(path, "is cut: its gzip stream ends early")) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UserError(_wrong(path, f"is no readable gzip file ({error})")) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 == file.sha256:
        return content
    wanted = f"{file.name} of {dataset}"
    for other, files in FILES.items():
        for known in files:
            if known.sha256 == sha256:
                raise UserError(_wrong(path, f"is {known.name} of {other}, not {wanted}"))
    if len(content) < file.size_bytes:
        what = f"is cut: {len(content):,} bytes of {file.size_bytes:,}"
    else:
        what = f"is not {dataset}'s: SHA-256 {sha256[:12]}…, published {file.sha256[:12]}…"
    raise UserError(_wrong(path, what))


def _wrong(path: Path, what: str) -> str:
    ours = gluon_cache() in path.parents
    return f"{path} {what}. Replace it{', or delete it to have it downloaded again' * ours}."
