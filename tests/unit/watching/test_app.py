import json
import re
import socket

import pytest
from asgi import answer_of

from sweep.errors import UserError
from sweep.watching.app import HEADERS, PAGE, Watched, application
from sweep.watching.figures import Drawn, Part, Picture
from sweep.watching.latest import Latest

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>{}</text></svg>'
PICTURES = tuple(Picture(SVG.format(name), f"shows {name}") for name in ("one", "two", "three"))
DRAWN = Drawn("what", (Part("First", "said", PICTURES[:1]), Part("Second", "", PICTURES[1:])))


def failing():
    raise UserError("tracking.uri=http://127.0.0.1:1: cannot be used")


def ask(path, host="127.0.0.1:8090", at="127.0.0.1", method="GET", **more):
    """Ask an application in this process; return status, headers and body."""
    watched = Watched(
        Latest(more.get("state", lambda: {"sweep": {"name": "<b>"}}), 60),
        Latest(lambda: DRAWN, 60),
    )
    hosts = [host] if isinstance(host, str) else host
    app = application(watched, more.get("written", at), at)
    return answer_of(app, path, [("host", each) for each in hosts], method)


def test_the_page_and_what_it_needs_are_there():
    kinds = {"/": "text/html", "/watch.css": "text/css", "/icon.svg": "image/svg+xml"}
    for path, kind in kinds.items():
        status, headers, body = ask(path)
        assert (status, headers["content-type"].partition(";")[0]) == (200, kind)
        assert body == (PAGE / (path[1:] or "index.html")).read_text()
    assert ask("/watch.js")[1]["content-type"].partition(";")[0].endswith("/javascript")


def test_the_page_names_no_other_address():
    for each in PAGE.iterdir():
        text = each.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.findall(r"https?:|//\w+\.", text), each.name
    assert "innerHTML" not in (PAGE / "watch.js").read_text()
    assert "<style" not in (PAGE / "index.html").read_text()


@pytest.mark.parametrize("path", ["/", "/state", "/figures", "/figures/0", "/nothing"])
def test_a_browser_may_connect_to_nowhere_else(path):
    _, headers, _ = ask(path)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; " if path == "/figures/0" else "default-src 'sel")
    others = {key.lower(): value for key, value in HEADERS.items()}
    others.pop("content-security-policy")
    assert others.items() <= headers.items()


def test_the_state_is_json():
    status, headers, body = ask("/state")
    assert (status, headers["content-type"]) == (200, "application/json")
    found = json.loads(body)
    assert found.pop("read_ms") > 0
    assert found == {"sweep": {"name": "<b>"}, "trouble": None}


def test_a_record_that_cannot_be_read_is_told():
    status, _, body = ask("/state", state=failing)
    expected = {"read_ms": None, "trouble": "tracking.uri=http://127.0.0.1:1: cannot be used"}
    assert (status, json.loads(body)) == (200, expected)


def test_figures_are_listed_and_given_one_by_one():
    found = json.loads(ask("/figures")[2])
    assert found.pop("read_ms") > 0
    assert found == {
        "version": DRAWN.version,
        "trouble": None,
        "parts": [
            {
                "title": "First",
                "text": "said",
                "pictures": [{"number": 0, "label": "shows one"}],
            },
            {
                "title": "Second",
                "text": "",
                "pictures": [
                    {"number": 1, "label": "shows two"},
                    {"number": 2, "label": "shows three"},
                ],
            },
        ],
    }
    status, headers, body = ask("/figures/2")
    assert (status, headers["content-type"]) == (200, "image/svg+xml")
    assert body == SVG.format("three")


@pytest.mark.parametrize(
    "path", ["/figures/3", "/figures/-1", "/figures/x", "/../app.py", "/mlflow.db"]
)
def test_nothing_else_is_given(path):
    assert ask(path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/state", "/figures"])
def test_nothing_can_be_changed(method, path):
    assert ask(path, method=method)[0] == 405


@pytest.mark.parametrize("path", ["/control", "/control.js", "/control.css"])
def test_nothing_steers_a_sweep_unless_that_is_asked_for(path):
    assert ask(path)[0] == ask(path, method="POST")[0] == 404
    assert "<button" not in ask("/")[2]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:80", "localhost:9", "LOCALHOST", "[::1]:8"]
)
def test_requests_to_this_machine_are_answered(host):
    assert ask("/state", host)[0] == 200


FOREIGN = ["evil.example", "evil.example:8090", "127.0.0.1.evil.example", "localhost.evil.example"]
FOREIGN += ["10.0.0.1", "", "[::2]", "127.0.0.1:80:80", "user@127.0.0.1"]


@pytest.mark.parametrize("host", [*FOREIGN, [], ["127.0.0.1", "evil.example"]])
@pytest.mark.parametrize("path", ["/", "/state", "/watch.js", "/figures/0", "/nothing"])
def test_requests_for_another_host_are_refused(host, path):
    status, headers, body = ask(path, host)
    assert (status, body) == (400, "This page is not for that host.\n")
    assert headers["content-security-policy"].startswith("default-src 'self'")


def test_at_all_addresses_any_address_is_known_and_no_other_name():
    for host in ("192.0.2.7:8090", "[2001:db8::7]", "localhost", socket.gethostname()):
        assert ask("/state", host, at="0.0.0.0")[0] == 200
    assert ask("/state", "evil.example", at="0.0.0.0")[0] == 400


@pytest.mark.parametrize("written", ["0", "0x0", "", "0.0"])
def test_however_it_is_written_all_addresses_are_all_addresses(written):
    assert ask("/state", "192.0.2.7:8090", at="0.0.0.0", written=written)[0] == 200
    assert ask("/state", "evil.example", at="0.0.0.0", written=written)[0] == 400


def test_an_address_that_is_written_shorter_is_known_as_browsers_write_it():
    assert ask("/state", "127.0.0.2:8090", at="127.0.0.2", written="127.2")[0] == 200
    assert ask("/state", "127.0.0.3:8090", at="127.0.0.2", written="127.2")[0] == 400


def test_at_one_address_it_is_known_and_no_other():
    assert ask("/state", "192.0.2.7:8090", at="192.0.2.7")[0] == 200
    assert ask("/state", "192.0.2.8:8090", at="192.0.2.7")[0] == 400
