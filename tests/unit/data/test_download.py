import gzip
import hashlib
import http.server
import re
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from sweep.data.published import download as sources
from sweep.data.published.download import find, gluon_cache, read_verified
from sweep.data.published.sets import PUBLISHED, IdxFile, PublishedSet
from sweep.errors import UserError

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = (
    file.name for file in PUBLISHED["mnist"].files
)
NEEDED = (
    "needed are the four files of mnist, plain or with .gz: train-images-idx3-ubyte, "
    "train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"
)


def idx(array):
    """Write an array in the format of http://yann.lecun.com/exdb/mnist/."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def zipped(content):
    return gzip.compress(content, mtime=0)


@pytest.fixture
def contents(monkeypatch, tmp_path):
    """Publish two tiny datasets instead of the real ones; give {dataset: {file: content}}."""
    random = np.random.RandomState(0)
    published = {}
    for dataset in ("mnist", "fashion_mnist"):
        published[dataset] = {
            name: idx(random.randint(0, 256, shape).astype(np.uint8))
            for name, shape in [
                (TRAIN_IMAGES, (6, 28, 28)),
                (TRAIN_LABELS, (6,)),
                (TEST_IMAGES, (3, 28, 28)),
                (TEST_LABELS, (3,)),
            ]
        }
        files = tuple(
            IdxFile(
                name,
                len(content),
                hashlib.sha256(content).hexdigest(),
                hashlib.md5(zipped(content)).hexdigest(),
            )
            for name, content in published[dataset].items()
        )
        tiny = PublishedSet(dataset, files, tmp_path / "system" / dataset, "torchvision")
        monkeypatch.setitem(PUBLISHED, dataset, tiny)
    return published


@pytest.fixture
def train_images(contents):
    """The first tiny file, and its content."""
    return PUBLISHED["mnist"].files[0], contents["mnist"][TRAIN_IMAGES]


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_known_sums_are_the_published_ones(published):
    table = (published / "README.md").read_text()
    for title, dataset in (("MNIST", "mnist"), ("Fashion-MNIST", "fashion_mnist")):
        for file in PUBLISHED[dataset].files:
            assert f"| {title} | {file.name} | {file.sha256} |" in table
        sums = " | ".join(file.gzip_md5 for file in PUBLISHED[dataset].files)
        assert f"| {title} | {sums} |" in table


def test_gluon_cache(monkeypatch, tmp_path):
    assert gluon_cache() == tmp_path / "mxnet_home" / "datasets"
    monkeypatch.delenv("MXNET_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert gluon_cache() == tmp_path / ".mxnet" / "datasets"


def test_the_content_counts_whoever_compressed_it(train_images):
    file, content = train_images
    plain = put(Path(file.name), content)
    fastest = put(Path("fast") / f"{file.name}.gz", gzip.compress(content, 1))
    in_parts = put(Path("parts.gz"), zipped(content[:100]) + zipped(content[100:]))
    assert hashlib.md5(fastest.read_bytes()).hexdigest() != file.gzip_md5
    for path in (plain, fastest, in_parts):
        assert read_verified(path, PUBLISHED["mnist"], file) == content


def _flip(content, position):
    changed = bytearray(content)
    changed[position] ^= 255
    return bytes(changed)


@pytest.mark.parametrize(
    ("suffix", "spoil", "message"),
    [
        ("", lambda content: content[:-1], "is incomplete: 4,719 bytes of 4,720"),
        ("", lambda content: b"", "is incomplete: 0 bytes of 4,720"),
        ("", lambda content: content + b"x", "is not mnist's: SHA-256 "),
        ("", lambda content: _flip(content, 99), "is not mnist's: SHA-256 "),
        ("", zipped, "is not mnist's: SHA-256 "),
        (".gz", lambda content: zipped(content)[:-9], "is incomplete: its gzip stream ends early"),
        (".gz", lambda content: zipped(content)[:4], "is incomplete: its gzip stream ends early"),
        (".gz", lambda content: zipped(content[:-1]), "is incomplete: 4,719 bytes of 4,720"),
        (".gz", lambda content: b"", "is incomplete: 0 bytes of 4,720"),
        (".gz", lambda content: content, "cannot be read as a gzip file (Not a gzipped file"),
        (".gz", lambda content: b"<html>", "cannot be read as a gzip file (Not a gzipped file"),
        (".gz", lambda content: _flip(zipped(content), 10), "cannot be read as a gzip file ("),
        (
            ".gz",
            lambda content: _flip(zipped(content), -8),
            "cannot be read as a gzip file (CRC check",
        ),
        (".gz", lambda content: zipped(_flip(content, 99)), "is not mnist's: SHA-256 "),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(train_images, suffix, spoil, message):
    file, content = train_images
    assert len(content) == file.size_bytes == 4_720
    path = put(Path(f"{file.name}{suffix}"), spoil(content))
    with pytest.raises(UserError) as error:
        read_verified(path, PUBLISHED["mnist"], file)
    assert str(error.value).startswith(f"{path} {message}")
    assert str(error.value).endswith(". Replace it.")


def test_a_changed_file_is_named_with_both_sums(train_images):
    file, content = train_images
    changed = _flip(content, 99)
    sha256 = hashlib.sha256(changed).hexdigest()
    with pytest.raises(UserError, match=f"{sha256[:12]}…, published {file.sha256[:12]}…"):
        read_verified(put(Path(file.name), changed), PUBLISHED["mnist"], file)


def test_a_foreign_file_is_recognised(contents):
    file = PUBLISHED["mnist"].files[0]
    path = put(Path(f"{file.name}.gz"), zipped(contents["fashion_mnist"][file.name]))
    with pytest.raises(UserError) as error:
        read_verified(path, PUBLISHED["mnist"], file)
    assert f"{path} is {file.name} of fashion_mnist, not {file.name} of mnist." in str(error.value)


def test_a_file_under_another_ones_name_is_recognised(contents):
    file = PUBLISHED["mnist"].files[0]
    path = put(Path(file.name), contents["mnist"][TEST_IMAGES])
    with pytest.raises(UserError) as error:
        read_verified(path, PUBLISHED["mnist"], file)
    assert f"{path} is t10k-images-idx3-ubyte of mnist" in str(error.value)
    assert "not of mnist" not in str(error.value)


def test_what_cannot_be_read_is_named(train_images, tmp_path):
    with pytest.raises(UserError) as error:
        read_verified(tmp_path, PUBLISHED["mnist"], train_images[0])
    assert str(error.value) == f"{tmp_path}: cannot be read: Is a directory"


def test_search_order(train_images, tmp_path):
    file, content = train_images
    system = put(PUBLISHED["mnist"].system_folder / f"{file.name}.gz", zipped(content))
    assert find(PUBLISHED["mnist"], file, None, []) == system
    cached = put(gluon_cache() / "mnist" / file.name, content)
    assert find(PUBLISHED["mnist"], file, None, []) == cached
    configured = put(tmp_path / "mine" / file.name, content)
    assert find(PUBLISHED["mnist"], file, str(configured.parent), []) == configured


def test_caches_have_the_names_that_gluon_gives_them(contents):
    file = PUBLISHED["fashion_mnist"].files[0]
    cached = put(gluon_cache() / "fashion-mnist" / f"{file.name}.gz", b"")
    assert find(PUBLISHED["fashion_mnist"], file, None, []) == cached


def test_a_home_folder_as_root(train_images, tmp_path, monkeypatch):
    file, content = train_images
    monkeypatch.setenv("HOME", str(tmp_path))
    path = put(tmp_path / "mine" / file.name, content)
    assert find(PUBLISHED["mnist"], file, "~/mine", []) == path


def test_nothing_but_the_root_is_searched(train_images, mirror):
    file, content = train_images
    mirror.answers[f"/{file.name}.gz"] = (200, zipped(content))
    put(gluon_cache() / "mnist" / file.name, content)
    Path("mine").mkdir()
    put(Path("mine") / TRAIN_LABELS, b"")
    put(Path("mine") / f"{TEST_LABELS}.gz", b"")
    with pytest.raises(UserError) as error:
        find(PUBLISHED["mnist"], file, "mine", [mirror.url])
    assert str(error.value) == f"dataset.root=mine: missing {TRAIN_IMAGES}, {TEST_IMAGES}; {NEEDED}"
    assert mirror.requests == []


@pytest.mark.parametrize("root", ["nowhere", "a_file"])
def test_a_root_that_is_no_folder(train_images, root):
    put(Path("a_file"), b"")
    with pytest.raises(UserError) as error:
        find(PUBLISHED["mnist"], train_images[0], root, [])
    assert str(error.value) == f"dataset.root={root}: there is no such folder; {NEEDED}"


def test_a_folder_with_a_files_name_is_a_missing_file(train_images):
    (Path("mine") / TRAIN_IMAGES).mkdir(parents=True)
    for name in (TRAIN_LABELS, TEST_IMAGES, TEST_LABELS):
        put(Path("mine") / name, b"")
    with pytest.raises(UserError) as error:
        find(PUBLISHED["mnist"], train_images[0], "mine", [])
    assert str(error.value) == f"dataset.root=mine: missing {TRAIN_IMAGES}; {NEEDED}"


@pytest.fixture
def mirror(monkeypatch):
    """Serve ``answers``, {path: (status, body)}, on loopback; 404 to all else.

    A body given as (sent, length) is cut: its length is promised, but only this much is sent.
    A path in ``busy`` is answered with 503 the first time.
    """
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.requests.append(self.path)
            status, body = server.answers.get(self.path, (404, b""))
            if self.path in server.busy:
                server.busy.remove(self.path)
                status, body = 503, b""
            body, length = body if isinstance(body, tuple) else (body, len(body))
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.answers, server.busy, server.requests = {}, [], []
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def silent_address():
    """Give an address that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture
def closed_address():
    """Give an address that nobody listens at."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"


def test_download_goes_on_to_the_mirror_that_has_the_file(train_images, contents, mirror):
    file, content = train_images
    foreign = zipped(contents["fashion_mnist"][file.name])
    mirror.answers[f"/foreign/{file.name}.gz"] = (200, foreign)
    mirror.answers[f"/right/{file.name}.gz"] = (200, zipped(content))
    mirrors = [f"{mirror.url}/{name}" for name in ("gone", "foreign/", "right", "never")]
    path = find(PUBLISHED["mnist"], file, None, mirrors)
    assert path == gluon_cache() / "mnist" / f"{file.name}.gz"
    assert read_verified(path, PUBLISHED["mnist"], file) == content
    assert list(path.parent.iterdir()) == [path]
    assert list(dict.fromkeys(mirror.requests)) == [
        f"/{name}/{file.name}.gz" for name in ("gone", "foreign", "right")
    ]
    mirror.requests.clear()
    assert find(PUBLISHED["mnist"], file, None, mirrors) == path
    assert mirror.requests == []


def test_a_mirror_is_asked_again(train_images, mirror):
    file, content = train_images
    mirror.answers[f"/{file.name}.gz"] = (200, zipped(content))
    mirror.busy.append(f"/{file.name}.gz")
    assert (
        read_verified(find(PUBLISHED["mnist"], file, None, [mirror.url]), PUBLISHED["mnist"], file)
        == content
    )
    assert mirror.requests == [f"/{file.name}.gz"] * 2


def test_when_no_mirror_has_it_all_are_listed_with_their_reasons(
    train_images, mirror, silent_address, closed_address, monkeypatch
):
    monkeypatch.setattr(sources, "TIMEOUT_SECONDS", 0.2)
    file, content = train_images
    body = zipped(content)
    mirror.answers[f"/cut/{file.name}.gz"] = (200, (body[:1000], len(body)))
    mirror.answers[f"/short/{file.name}.gz"] = (200, body[:1000])
    mirror.answers[f"/broken/{file.name}.gz"] = (503, b"")
    reasons = {
        f"{mirror.url}/gone/": "HTTP 404 Not Found",
        f"{mirror.url}/broken/": "HTTP 503 Service Unavailable",
        f"{mirror.url}/cut/": r"[a-z]+ .+",  # words, not an exception's name
        f"{mirror.url}/short/": r"what it sent is incomplete, or another file \(wrong MD5\)",
        closed_address: "no connection",
        silent_address: r"no answer within 0\.2 s",
    }
    with pytest.raises(UserError) as error:
        find(PUBLISHED["mnist"], file, None, list(reasons))
    cache = gluon_cache() / "mnist"
    lines = str(error.value).splitlines()
    assert lines[:2] == [
        "mnist is not on this machine and could not be downloaded. Tried:",
        f"  {cache} and {PUBLISHED['mnist'].system_folder}: not there",
    ]
    for line, (address, reason) in zip(lines[2:8], reasons.items(), strict=True):
        assert re.fullmatch(f"  {re.escape(address)}{file.name}.gz: {reason}", line)
    assert lines[8:] == [
        "Two ways on: dataset=mnist_5k, which comes with this package; or put the four files into "
        "a folder",
        f"and give dataset.root=FOLDER ({NEEDED}).",
    ]
    assert list(cache.iterdir()) == []


def test_no_mirrors(train_images):
    with pytest.raises(UserError, match="Tried:\n.*: not there\n  dataset.mirrors is empty\nTwo"):
        find(PUBLISHED["mnist"], train_images[0], None, [])


def test_a_cache_that_cannot_be_written(train_images, mirror, monkeypatch):
    file, content = train_images
    mirror.answers[f"/{file.name}.gz"] = (200, zipped(content))
    put(Path("a_file"), b"")
    monkeypatch.setenv("MXNET_HOME", "a_file")
    with pytest.raises(UserError, match="^a_file/datasets/mnist: cannot keep the dataset there: "):
        find(PUBLISHED["mnist"], file, None, [mirror.url])


def test_a_wrong_file_in_gluons_cache_may_be_deleted():
    file = PUBLISHED["mnist"].files[0]
    path = put(gluon_cache() / "mnist" / file.name, b"short")
    with pytest.raises(UserError) as error:
        read_verified(path, PUBLISHED["mnist"], file)
    assert str(error.value).endswith(". Replace it, or delete it to have it downloaded again.")
