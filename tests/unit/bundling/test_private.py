import pytest

from sweep.bundling import collecting
from sweep.bundling.places import Places
from sweep.bundling.private import (
    cleaned,
    has_password,
    is_given_away,
    is_private,
    short,
    without_private,
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/home/somebody/photos", "photos"),
        ("~/photos/", "photos"),
        ("C:\\Users\\somebody\\net.params", "net.params"),
        ("\\\\server\\share\\net.params", "net.params"),
        ("file:///home/somebody/a.npz", "a.npz"),
        (
            "OSError: [Errno 2] No such file: '/data/x/a.png'",
            "OSError: [Errno 2] No such file: 'a.png'",
        ),
        ("dataset.root=/home/somebody/photos optim.lr=0.1", "dataset.root=photos optim.lr=0.1"),
        ("http://somebody:secret@server/x", "http://***@server/x"),
        ("postgresql://u:p@host:5432/db", "postgresql://***@host:5432/db"),
        ("val/accuracy 1/2 and/or n/a", "val/accuracy 1/2 and/or n/a"),
        ("models:/digits@champion", "models:/digits@champion"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("images/cats", "images/cats"),
        (
            "init_from=/home/anna/net-symbol.json:/home/anna/net-0010.params",
            "init_from=net-symbol.json:net-0010.params",
        ),
        ("data:/mnt/anna/secret", "data:secret"),
        ("host:~anna/secret/a", "host:a"),
        ("--dir=/home/anna/x", "--dir=x"),
        ("sqlite:////home/anna/mlflow.db", "mlflow.db"),
        ("at hdfs:///user/anna/x, runs:/0123/model", "at x, runs:/0123/model"),
        ("file:///a/file:/b/c", "file:c"),
        ("OSError: no such file: '/home/anna smith/x.png'", "OSError: no such file: 'x.png'"),
        ('["/home/anna smith/a.npy", "../anna/b.npy"]', '["a.npy", "b.npy"]'),
        (r'{"a": "{\"b\": \"/home/anna smith/c\"}"}', r'{"a": "{\"b\": \"c\"}"}'),
        (r"init_from='/home/o\'brien smith/net.params' lr=1", "init_from='net.params' lr=1"),
        ("init_from=nets/../../anna/net.params lr=0.1", "init_from=net.params lr=0.1"),
        ("conv..d, 1..2, a.../b and https://example.org/a/../b",) * 2,
    ],
)
def test_texts(text, clean):
    assert without_private(text) == clean
    assert without_private(clean) == clean


@pytest.mark.parametrize(
    ("text", "private"),
    [
        *[
            (each, True)
            for each in ("/a", "~", "..", "a/../b", "..\\a", "D:x", "D:\\x", "\\\\h\\s")
        ],
        *[(each, True) for each in ("file:///a", "http://u:p@h/")],
        *[(each, False) for each in ("a/b", "a..b", "models:/a@b", "val/loss", "", "x=1")],
    ],
)
def test_what_is_private(text, private):
    assert is_private(text) is private


def test_a_configuration():
    config = {
        "model": {
            "name": "custom",
            "_folder_": "/tmp/copies",
            "_arguments_": '{"file": "/x/y.txt"}',
        },
        "dataset": {
            "name": "folder",
            "root": "/home/somebody/photos",
            "val_size": 5,
        },
        "init_from": "../net.params",
        "tracking": {"uri": "http://u:p@h"},
        "checkpoint_dir": "/scratch",
        "freeze": ["a.*"],
    }
    found = cleaned(config)
    assert found.config == {
        "model": {"name": "custom", "_folder_": None, "_arguments_": '{"file": "y.txt"}'},
        "dataset": {"name": "folder", "root": "photos", "val_size": 5},
        "init_from": "net.params",
        "freeze": ["a.*"],
    }
    assert found.places == ("model.file", "dataset.root", "init_from")
    assert cleaned(found.config).config == found.config


def test_paths_within_texts_of_a_configuration():
    config = {
        "init_from": "net-symbol.json:/home/anna/secret/net.params",
        "model": {"name": "custom", "_arguments_": '{"flags": "--dir=/home/anna/x", "n": 1}'},
        "dataset": {"name": "custom", "arguments": '{"parts": {"/mnt/anna": ["/mnt/b"]}}'},
    }
    found = cleaned(config)
    assert found.config == {
        "init_from": "net-symbol.json:net.params",
        "model": {"name": "custom", "_arguments_": '{"flags": "--dir=x", "n": 1}'},
        "dataset": {"name": "custom", "arguments": '{"parts": {"anna": ["b"]}}'},
    }
    assert found.places == ("init_from", "model.flags", "dataset.parts")
    assert cleaned(found.config).config == found.config


def test_long_texts_take_no_time():
    """Somebody may have made them for that: each of these took minutes."""
    once = "a.b-", "~a", "://", "a:", "a/", "../", "'/a", "\"'/a", "\\'/", "'..\\"
    for text in ("a" * 10**6, *(each * 10**5 for each in once)):
        assert cleaned({"init_from": text}).config


def test_a_relative_place_is_one_all_the_same():
    config = {"dataset": {"name": "arrays", "train": ["x.npy", "y.npy"], "val": None}}
    found = cleaned(config)
    assert (found.config, found.places) == (config, ("dataset.train",))


def test_mirrors_are_left_out():
    config = {"dataset": {"name": "mnist", "root": None, "mirrors": ["https://u:p@example.org/"]}}
    assert cleaned(config).config == {"dataset": {"name": "mnist", "root": None, "mirrors": []}}


@pytest.mark.parametrize(
    ("tag", "given"),
    [
        *[(each, True) for each in ("paused_after_epoch", "pruned_after_epoch", "mine")],
        *[(each, True) for each in ("sweep.seeds.tied_runs", "sweep.seeds.metric")],
        *[(each, False) for each in ("sweep.seeds.tied", "sweep.paused", "mlflow.user")],
    ],
)
def test_tags_that_mean_something_elsewhere(tag, given):
    assert is_given_away(tag) is given


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"URL = 'https://somebody:secret@example.org/data'", True),
        (b"URL = 'redis://:secret@example.org'", True),
        (b"URL = 'https://example.org/a:b@c'", False),
        (b"f'http://{user}:{password}@host'", False),
        (b"URL = 'mysql://me:se/cret@host/db'", True),
        (b'URL = "mysql+pymysql://me:se\'cret@host/db"', True),
        (b"URL = 'mysql://me@host/db?charset=utf8&password=secret'", True),
        (b"URL = 'https://ghp_secret@github.com/me/data'", True),
        (b"URL = 'https://example.org/data?token=secret'", True),
        (b"f'mysql://{user}:{password}@host/{base}?password={word}'", False),
        (b"URL = 'ssh://git@example.org/data'", False),
        (b"URLS = ['https://example.org','me@example.org']", False),
    ],
)
def test_passwords_in_sources(content, found):
    assert has_password(content) is found


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/mnt/c/Users/Jane Doe/net.params", "net.params"),
        ("../../jane/client-x/net.params", "net.params"),
        ("at /home/jane/net.params", "at net.params"),
        ("0.1", "0.1"),
        ("sqlite:////home/jane/a.db?password=hunter2", "a.db?password=***"),
    ],
)
def test_a_whole_value_is_cut_where_it_is_a_path(text, clean):
    assert short(text) == clean
    name = collecting._name(f"init_from={text} optim.lr=0.1", Places({"init_from": text}))
    assert name == f"init_from={clean} optim.lr=0.1"


def test_a_name_has_one_line():
    assert collecting._name("x\nSHA-256 of its manifest: 0\x9b2J\u2028y", Places()) == (
        "x SHA-256 of its manifest: 0 2J y"
    )


RECORDED = {
    "init_from": "/home/anna smith/nets/net.params",
    "dataset": {"root": "/home/anna smith/photos/", "arguments": '{"a": ["../anna s/b.npy"]}'},
    "model": "..",
}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("init_from=/home/anna smith/nets/net.params lr=0.1", "init_from=net.params lr=0.1"),
        ("init_from='/home/anna smith/nets/net.params' lr=0.1", "init_from='net.params' lr=0.1"),
        (r"init_from=/home/anna\ smith/nets/net.params lr=0.1", "init_from=net.params lr=0.1"),
        ("OSError: /home/anna smith/photos/cat/1.png: is broken", "OSError: 1.png: is broken"),
        ("dataset.root=/home/anna smith/photos/ lr=0.1", "dataset.root=photos lr=0.1"),
        ("+dataset.a=[../anna s/b.npy]", "+dataset.a=[b.npy]"),
        ("/home/anna jones/what nobody knows", "what nobody knows"),
        ("../anna jones/what nobody knows", "what nobody knows"),
        ("1..2 of photos, n/a", "1..2 of photos, n/a"),
        ("sqlite:////home/anna/a.db?password=hunter2", "a.db?password=***"),
        ('at "sqlite:////home/anna/a.db?password=hunter2"', 'at "a.db?password=***"'),
    ],
)
def test_paths_that_are_recorded_are_found_in_names_and_tags(text, clean):
    assert Places(RECORDED).taken_out(text) == clean
