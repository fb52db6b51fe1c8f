"""What the page may ask of a sweep, and whose requests are taken."""

import asyncio
import ipaddress
import json
import threading
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from asgi import answer_of
from store import Store

from sweep.commands.cli import run, sweep
from sweep.errors import UserError
from sweep.runs.asking import steer
from sweep.runs.locks import RunLocks
from sweep.runs.requests import ACTIONS
from sweep.watching import serving
from sweep.watching.app import Watched, application
from sweep.watching.control import MOST_BYTES, control_routes, new_token
from sweep.watching.latest import Latest

TOKEN = "zOUrWhVxa3lFhDMAxzlBQG5BqlP3aD4Jl1Oyh0DjYkA"
OWN = {
    "host": "127.0.0.1:8090",
    "origin": "http://127.0.0.1:8090",
    "sec-fetch-site": "same-origin",
    "authorization": f"Bearer {TOKEN}",
    "content-type": "application/json",
}
JOBS = b'{"action": "jobs", "given": "2"}'


class Page:
    """A page with controls, of a sweep that answers all with the same."""

    def __init__(self, answer="2 runs at once"):
        self.asked, self._answer = [], answer
        watched = Watched(Latest(lambda: {}, 60), Latest(lambda: None, 60))
        routes = control_routes(self._steer, TOKEN)
        self._app = application(watched, "127.0.0.1", "127.0.0.1", routes)

    def _steer(self, action, arguments):
        self.asked.append((action, arguments))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def ask(self, parts=(JOBS,), path="/control", method="POST", **changed):
        """Return status, headers and body; a header that is changed to None is left out."""
        headers = OWN | {key.replace("_", "-"): value for key, value in changed.items()}
        given = [(key, value) for key, value in headers.items() if value is not None]
        return answer_of(self._app, path, given, method, parts)


@pytest.fixture
def page():
    return Page()


def test_what_the_sweep_answers_is_told(page):
    status, headers, body = page.ask()
    assert (status, json.loads(body)) == (200, {"is_done": True, "text": "2 runs at once"})
    assert page.asked == [("jobs", ["2"])]
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (UserError("jobs 2: no"), "jobs 2: no"),
        (OSError(5, "Input/output error"), "the sweep could not be asked: OSError: [Errno 5] "),
    ],
)
def test_what_is_refused_by_the_sweep_is_told(error, text):
    status, _, body = Page(error).ask()
    found = json.loads(body)
    assert (status, found["is_done"]) == (200, False)
    assert found["text"].startswith(text)


def test_a_browser_that_does_not_say_where_a_request_comes_from_says_its_origin(page):
    assert page.ask(sec_fetch_site=None)[0] == 200
    assert page.ask(host="localhost:1", origin="http://localhost:1")[0] == 200


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        *(({"origin": each}, 403) for each in (None, "null", "http://127.0.0.1:8091")),
        *(({"origin": each}, 403) for each in ("https://127.0.0.1:8090", "http://evil.example")),
        ({"origin": "http://localhost:8090"}, 403),
        *(({"sec_fetch_site": each}, 403) for each in ("cross-site", "same-site", "none")),
        *(({"authorization": each}, 403) for each in (None, "", TOKEN, "Bearer ", "Bearer é")),
        ({"authorization": f"Bearer {TOKEN}x"}, 403),
        ({"authorization": f"Bearer {TOKEN[:-1]}"}, 403),
        ({"authorization": None, "cookie": f"token={TOKEN}"}, 403),
        ({"authorization": None, "path": f"/control?token={TOKEN}"}, 404),
        ({"host": "evil.example", "origin": "http://evil.example"}, 400),
        *(({"content_type": each}, 415) for each in (None, "text/plain", "multipart/form-data")),
        ({"parts": [b" " * MOST_BYTES, b" "]}, 413),
        *(({"method": each}, 405) for each in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")),
    ],
)
def test_nobody_else_is_heard(page, changed, status):
    found, headers, body = page.ask(**changed)
    assert (found, page.asked) == (status, [])
    assert not [key for key in headers if key.startswith("access-control-")]
    if status in (403, 413, 415):
        assert json.loads(body)["is_done"] is False


def test_who_is_refused_is_told_what_to_do(page):
    assert json.loads(page.ask(authorization="Bearer old")[2])["text"] == (
        "this page may not steer the sweep; allowed is the one at the address that sweep watch "
        "--control has printed when it was started last"
    )
    assert json.loads(page.ask(origin="http://evil.example")[2])["text"] == (
        "only the page itself can ask something of the sweep"
    )
    assert json.loads(page.ask([b"x" * (MOST_BYTES + 1)])[2])["text"] == (
        "what is asked is longer than 100,000 bytes"
    )


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'"jobs"', b"{}", b"[" * 99_999, b"\xff", b'{"action": "pause"}'),
        *(b'{"action": "jobs", "given": 2}', b'{"action": "jobs", "given": "2", "user": "me"}'),
        *(b'{"action": "jobs", "given": "\\ud800"}', b'{"action": "\\udfff", "given": ""}'),
    ],
)
def test_what_is_asked_in_another_shape_is_refused(page, body):
    status, _, told = page.ask([body])
    assert (status, page.asked) == (400, [])
    assert json.loads(told) == {
        "is_done": False,
        "text": 'allowed is a JSON object of two texts, "action" and "given"',
    }


@pytest.mark.parametrize(
    ("action", "given", "arguments"),
    [
        ("pause", "", []),
        ("pause", "now", ["now"]),  # to be refused as the command refuses it
        ("kill", " optim.lr=0.1 seed=0 ", ["optim.lr=0.1 seed=0"]),
        ("add", "optim.lr=0.1,0.2  'model.name=\"a b\"'", ["optim.lr=0.1,0.2", 'model.name="a b"']),
        ("nope", "1 2", ["1 2"]),
    ],
)
def test_overrides_are_split_as_a_shell_does_and_nothing_else_is(page, action, given, arguments):
    page.ask([json.dumps({"action": action, "given": given}).encode()])
    assert page.asked == [(action, arguments)]


def test_a_quote_that_is_not_closed_is_a_line(page):
    body = json.dumps({"action": "add", "given": "optim.lr='0.1"}).encode()
    assert json.loads(page.ask([body])[2]) == {
        "is_done": False,
        "text": "add optim.lr='0.1: a quote is not closed",
    }
    assert page.asked == []


def test_who_waits_for_an_answer_when_the_server_ends_is_told():
    is_asked, is_over = threading.Event(), threading.Event()

    def ask(action, arguments):
        is_asked.set()
        is_over.wait(60)
        return ""

    async def ended(scope, receive, send):
        watched = Watched(Latest(lambda: {}, 60), Latest(lambda: None, 60))
        routes = control_routes(ask, TOKEN)
        app = application(watched, "127.0.0.1", "127.0.0.1", routes)
        task = asyncio.create_task(app(scope, receive, send))
        await asyncio.to_thread(is_asked.wait, 60)
        task.cancel()
        await task

    status, _, body = answer_of(ended, "/control", OWN.items(), "POST", [JOBS])
    is_over.set()
    assert status == 200
    assert json.loads(body)["text"] == "sweep watch has ended; the sweep's terminal will say"


def test_the_page_has_controls_and_no_token(page):
    _, _, body = page.ask(path="/", method="GET")
    assert all(f'<button value="{each}"' in body for each in ACTIONS)
    for path in ("/", "/control.js", "/control.css", "/state"):
        status, _, body = page.ask(path=path, method="GET")
        assert (status, TOKEN in body) == (200, False)


@pytest.mark.parametrize(
    ("action", "arguments", "text"),
    [
        ("jobs", ["0"], "jobs 0: allowed is a whole number from 1 to 10,000"),
        ("add", ["lenet"], "add lenet: is no override such as optim.lr=0.1,0.2: "),
        ("pause", [], "({}) is not at work (FINISHED), and there is nothing to steer; its own "),
    ],
)
def test_a_sweep_is_asked_as_by_the_command(tmp_path, capsys, action, arguments, text):
    store, locks = Store(tmp_path), RunLocks(tmp_path / "checkpoints")
    tags = {"sweep.kind": "sweep", "fingerprint": "5" * 16, "checkpoint_folder": locks.folder_id}
    sweep_id = store.run("sweep", "FINISHED", name="lr=1", **tags)
    with pytest.raises(UserError) as raised:
        steer(store.uri, sweep_id, locks.folder, action, arguments)
    assert text.format(sweep_id[:8]) in str(raised.value)
    places = ["--tracking-uri", store.uri, "--checkpoint-dir", str(locks.folder)]
    capsys.readouterr()  # a new record says so
    assert run(sweep, ["control", sweep_id, action, *arguments, *places]) == 2
    assert capsys.readouterr().err == f"{raised.value}\n"


def test_an_answer_with_bytes_that_are_no_text_is_told():
    status, _, body = Page(UserError("a folder: \udcff")).ask()
    assert (status, json.loads(body)["text"]) == (200, "a folder: \udcff")


def test_each_start_has_another_token():
    found = {new_token() for _ in range(100)}
    assert (len(found), {len(each) for each in found}) == (100, {43})


@pytest.fixture
def started(tmp_path, monkeypatch, capsys):
    """A function that starts the command, without its server; gives its code and its lines."""
    store = Store(tmp_path)
    store.run("sweep", "FINISHED", name="lr=1", **{"sweep.kind": "sweep"})
    monkeypatch.setattr(serving, "serve", lambda app, listener: None)

    def start(*arguments):
        code = run(sweep, ["watch", "--port", "0", *arguments, "--tracking-uri", store.uri])
        return SimpleNamespace(code=code, **capsys.readouterr()._asdict())

    return start


def test_the_address_has_the_token_where_no_browser_sends_it(started):
    addresses = [started("--control").out.split()[-1] for _ in range(2)]
    for each in addresses:
        address, _, token = each.partition("/#token=")
        assert (address.rpartition(":")[0], len(token)) == ("http://127.0.0.1", 43)
    assert len({each.partition("#")[2] for each in addresses}) == 2
    assert "#" not in started().out


def test_the_address_is_the_one_that_is_listened_at(started):
    """A name may lead to another one first, where somebody else would be given the token."""
    shown = started("--control", "--host", "localhost").out.split()[-1]
    assert ipaddress.ip_address(urlsplit(shown).hostname).is_loopback
    assert urlsplit(started("--host", "localhost").out.split()[-1]).hostname == "localhost"


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "", "::"])
def test_a_sweep_is_not_steered_from_the_network(started, host):
    found = started("--control", "--host", host)
    assert (found.code, found.out, found.err) == (
        2,
        "",
        f"--host {host}: with --control the page is for this machine alone, since nothing that it "
        "sends is encrypted; allowed is 127.0.0.1, to which ssh -L leads from another one\n",
    )
