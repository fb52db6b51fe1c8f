"""Finds the files of the published datasets, verifies them, and downloads what is missing.

A file is known by the SHA-256 of its decompressed content, so it does not matter who compressed
it.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

import pooch
import requests
from filelock import Timeout
from tqdm import tqdm

from sweep.data.published.sets import FIRST_FASHION_MNIST, PUBLISHED, IdxFile, PublishedSet
from sweep.data.readers.file_states import is_file, is_folder
from sweep.errors import UserError
from sweep.files import as_meant, kernel_lock, wait_for
from sweep.heartbeat import beat

TIMEOUT_SECONDS = 10
pooch.get_logger().setLevel("WARNING")  # the bar, or the error, says it all


def gluon_cache() -> Path:
    """Return the folder of Gluon's own datasets: ``$MXNET_HOME/datasets``."""
    home = os.environ.get("MXNET_HOME") or Path.home() / ".mxnet"
    return as_meant(home) / "datasets"


def one_process_at_a_time(file: IdxFile) -> AbstractContextManager[None]:
    """Let one process at a time do this with a published file."""
    return alone(file.sha256, file.name)


@contextmanager
def alone(key: str, name: str) -> Iterator[None]:
    """Let one process at a time do this, of all that share Gluon's cache.

    Args:
        key: hex digits that stand for what is done, of which 16 count.
        name: of what it is done with, for those who wait.

    The kernel gives the lock free when its holder dies. Where there can be no lock, since the
    folder cannot be written or its file system has none, all go on at once: each file is written
    whole, so what is lost is time.
    """
    path = gluon_cache() / "locks" / f"{key[:16]}.lock"
    with ExitStack() as held:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = kernel_lock(path)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                print(f"{name}: another program prepares it; waiting for that", flush=True)
                wait_for(lock)
            held.callback(lock.release)
        yield


def find(dataset: PublishedSet, file: IdxFile, root: str | None, mirrors: Sequence[str]) -> Path:
    """Return where the file lies, plain or gzipped; download it if it is nowhere.

    Args:
        dataset: that it belongs to.
        file: one of its files.
        root: the only folder to look in, if the user named one.
        mirrors: base URLs, tried in turn.

    Raises:
        UserError: the file is not in ``root``, or could not be downloaded.
    """
    cache = gluon_cache() / dataset.name.replace("_", "-")
    folder = as_meant(root) if root else cache
    folders = dataset.places(folder) if root else [cache, dataset.system_folder]
    if found := _first(folders, file):
        return found
    if root:
        raise UserError(_missing(dataset, folder))
    with one_process_at_a_time(file):  # whoever waited for another to download it looks again
        return _first(folders, file) or _download(dataset, file, cache, mirrors)


def usual_place(dataset: PublishedSet) -> Path | None:
    """Return the folder where all files of a dataset are found unasked; None if there is none."""
    folders = [gluon_cache() / dataset.name.replace("_", "-"), dataset.system_folder]
    found = [_first(folders, file) for file in dataset.files]
    return found[0].parent if all(found) and found[0] else None


def _first(folders: Sequence[Path], file: IdxFile) -> Path | None:
    """Return where the file lies first, plain or gzipped; None if it is in no folder."""
    paths = [folder / name for folder in folders for name in file.names]
    return next((path for path in paths if is_file(path)), None)


def _missing(dataset: PublishedSet, folder: Path) -> str:
    if not is_folder(folder):
        return f"dataset.root={folder}: there is no such folder; {_needed(dataset)}"
    places = dataset.places(folder)
    missing = [file.name for file in dataset.files if not _first(places, file)]
    return f"dataset.root={folder}: missing {', '.join(missing)}; {_needed(dataset)}"


def _needed(dataset: PublishedSet) -> str:
    names = ", ".join(file.name for file in dataset.files)
    return f"needed are the four files of {dataset.name}, plain or with .gz: {names}"


def _download(dataset: PublishedSet, file: IdxFile, folder: Path, mirrors: Sequence[str]) -> Path:
    """Fetch the gzipped file into the folder."""
    try:
        return fetch(f"{file.name}.gz", file.gzip_md5, folder, mirrors, dataset.name)
    except Unreachable as error:
        raise UserError(
            f"{dataset.name} is not on this machine and could not be downloaded. Tried:\n"
            f"  {folder} and {dataset.system_folder}: not there\n{error}\n"
            f"Two ways on: dataset=mnist_5k, which comes with this package; or put the four files "
            f"into a folder\nand give dataset.root=FOLDER ({_needed(dataset)})."
        ) from error


class Unreachable(Exception):
    """A file that no mirror has sent. Its text has a line for each, with the reason."""


def fetch(name: str, md5: str, folder: Path, mirrors: Sequence[str], title: str) -> Path:
    """Fetch a file into a folder: to a temporary name, checked, then renamed.

    Args:
        name: of the file, here and there.
        md5: of its content.
        folder: made if it is not there.
        mirrors: base URLs, tried in turn.
        title: of the dataset, for the progress bar.

    Raises:
        Unreachable: none of them has sent it.
        UserError: the folder cannot be written.
    """
    tried = []
    for mirror in mirrors:
        # pooch asks whether there is a bar, which tqdm can answer only if it has a total; pooch
        # then sets the right one.
        bar = _Bar(desc=f"{title} {name}", total=1, unit="B", unit_scale=True, disable=None)
        mirror = f"{mirror.rstrip('/')}/"
        source = pooch.create(folder, mirror, registry={name: f"md5:{md5}"}, retry_if_failed=1)
        source_downloader = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT_SECONDS)
        try:
            return Path(source.fetch(name, downloader=source_downloader))
        except requests.RequestException as error:
            tried.append(f"{mirror}{name}: {_reason(error)}")
        except ValueError:
            tried.append(f"{mirror}{name}: what it sent is incomplete, or another file (wrong MD5)")
        except OSError as error:
            raise UserError(f"{folder}: cannot keep the dataset there: {error}") from error
        finally:
            bar.close()
    raise Unreachable("\n".join(f"  {line}" for line in tried or ["dataset.mirrors is empty"]))


class _Bar(tqdm):  # type: ignore[type-arg]
    """A progress bar of a download, which may be slow and does not hang."""

    def update(self, n: float | None = 1) -> bool | None:
        """Take in that there are so many bytes more."""
        beat()
        return super().update(n)


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


def read_verified(path: Path, dataset: PublishedSet, file: IdxFile) -> bytes:
    """Return the decompressed content, having checked that it is the published one.

    Raises:
        UserError: naming the file and what is wrong with it.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            content: bytes = stream.read(file.size_bytes + 1)
    except EOFError:
        raise UserError(_wrong(path, "is incomplete: its gzip stream ends early")) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UserError(_wrong(path, f"cannot be read as a gzip file ({error})")) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 == file.sha256:
        return content
    wanted = f"{file.name} of {dataset.name}"
    for other in PUBLISHED.values():
        for known in other.files:
            if known.sha256 == sha256:
                raise UserError(_wrong(path, f"is {known.name} of {other.name}, not {wanted}"))
    if len(content) < file.size_bytes:
        what = f"is incomplete: {len(content):,} bytes of {file.size_bytes:,}"
    elif pooch.file_hash(str(path), "sha1") in FIRST_FASHION_MNIST:
        what = (
            "is of the first Fashion-MNIST, which MXNet downloaded: images that it had twice, also "
            "among those to test on, were replaced on 31 August 2017. To train on it as it is: "
            f"dataset=idx dataset.root={path.parent}"
        )
    else:
        what = f"is not {dataset.name}'s: SHA-256 {sha256[:12]}…, published {file.sha256[:12]}…"
    raise UserError(_wrong(path, what))


def _wrong(path: Path, what: str) -> str:
    ours = gluon_cache() in path.parents
    return f"{path} {what}. Replace it{', or delete it to have it downloaded again' * ours}."
