"""What the page asks of the sweep that it shows, and from whom that is taken.

Who may ask has a token, made anew at each start and printed with the address: in its fragment,
which no browser sends to anybody. The page brings it in a header, which other sites' pages cannot
set. It is no cookie, since a browser sends those by itself, and to all ports of a machine.
"""

import asyncio
import json
import logging
import secrets
import shlex
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sweep.errors import UserError
from sweep.runs.requests import ACTIONS, Answer
from sweep.tracking import reason
from sweep.watching.app import PAGE, given_file

MOST_BYTES = 100_000  # of what is asked
HERE = "<!-- controls -->"  # where the page has them
FILES = ("control.js", "control.css")
SCHEME = "Bearer "

Steer = Callable[[str, Sequence[str]], str]  # an action and what it is given; raises UserError

log = logging.getLogger(__name__)


class Refused(Exception):
    """A request that is not taken. Its text says why, in one line.

    Attributes:
        status: of the response.
    """

    def __init__(self, status: int, text: str) -> None:
        """Take the status and the text."""
        super().__init__(text)
        self.status = status


def new_token() -> str:
    """Return what nobody can guess."""
    return secrets.token_urlsafe()


def control_routes(ask: Steer, token: str) -> list[Route]:
    """Return the page with its controls, and where it sends what is asked.

    That is ``POST /control`` with a JSON object of two texts, ``action`` and ``given``. The
    response is one, too: ``is_done`` and ``text``, with status 200 if it is the sweep's answer.

    Args:
        ask: asks it of the sweep, as ``sweep control`` does.
        token: that a request must have.
    """

    async def control(request: Request) -> Response:
        try:
            check_sender(request.headers, token)
            action, arguments = asked_in(await _body_of(request))
            answer = Answer(True, await _answer_of(ask, action, arguments))
        except Refused as refused:
            return _told(Answer(False, str(refused)), refused.status)
        except UserError as error:
            answer = Answer(False, str(error))
        except asyncio.CancelledError:  # at the end of the server
            answer = Answer(False, "sweep watch has ended; the sweep's terminal will say")
        except Exception as error:  # the record is away, say
            log.warning("a sweep could not be asked", exc_info=error)
            answer = Answer(False, f"the sweep could not be asked: {reason(error)}")
        return _told(answer)

    def page(request: Request) -> Response:
        whole, controls = (
            (PAGE / name).read_text(encoding="utf-8") for name in ("index.html", "control.html")
        )
        return HTMLResponse(whole.replace(HERE, controls))

    files = [Route(f"/{name}", given_file(name)) for name in FILES]
    return [Route("/", page), *files, Route("/control", control, methods=["POST"])]


def check_sender(headers: Headers, token: str) -> None:
    """Check that a request comes from the page, and from somebody who has the token.

    The host in it is known to be this one.

    Raises:
        Refused: it does not.
    """
    is_own = headers.get("origin") == f"http://{headers['host']}"
    if not is_own or headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Refused(403, "only the page itself can ask something of the sweep")
    scheme_and_token = headers.get("authorization", "").encode()
    if not secrets.compare_digest(scheme_and_token, f"{SCHEME}{token}".encode()):
        raise Refused(
            403,
            "this page may not steer the sweep; allowed is the one at the address that sweep watch "
            "--control has printed when it was started last",
        )
    if headers.get("content-type") != "application/json":
        raise Refused(415, "what is asked must be application/json")


def asked_in(body: bytes) -> tuple[str, list[str]]:
    """Return an action and its arguments. Those that may be several are split as a shell does.

    Raises:
        Refused: the body is of another shape.
        UserError: a quote is not closed.
    """
    try:
        found = json.loads(body)
        json.dumps(found, ensure_ascii=False).encode()  # half a character cannot be told to anybody
    except (ValueError, RecursionError):
        found = None
    texts = [*found.values()] if isinstance(found, dict) else []
    if not texts or {*found} != {"action", "given"} or not all(isinstance(e, str) for e in texts):
        raise Refused(400, 'allowed is a JSON object of two texts, "action" and "given"')
    action, given = found["action"], found["given"].strip()
    if not ACTIONS.get(action, "").endswith("..."):
        return action, [given] if given else []
    try:
        return action, shlex.split(given)
    except ValueError as error:
        raise UserError(f"{action} {given}: a quote is not closed") from error


async def _body_of(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Refused(413, f"what is asked is longer than {MOST_BYTES:,} bytes")
    return body


async def _answer_of(ask: Steer, action: str, arguments: Sequence[str]) -> str:
    """Ask in a thread that no end of this program waits for; return the answer."""
    outcome: Future[str] = Future()
    outcome.set_running_or_notify_cancel()

    def work() -> None:
        try:
            outcome.set_result(ask(action, arguments))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return await asyncio.wrap_future(outcome)


def _told(answer: Answer, status: int = 200) -> Response:
    # In ASCII, since the name of a file in it may have bytes that are no text.
    return Response(json.dumps(asdict(answer)), status, media_type="application/json")
