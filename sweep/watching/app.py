"""What the server answers: the page, what it shows as JSON, and the figures.

All of it is only read. What steers a sweep is beside these, in :mod:`sweep.watching.control`,
behind the same check of the host.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sweep.watching.figures import Drawn
from sweep.watching.hosts import OnlyFor
from sweep.watching.latest import Latest, Seen
from sweep.watching.shown import Json

PAGE = Path(__file__).with_name("page")
FILES = {"/": "index.html"} | {f"/{name}": name for name in ("watch.js", "watch.css", "icon.svg")}
NOWHERE_ELSE = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": NOWHERE_ELSE,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
}
OF_A_PICTURE = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Watched:
    """A sweep that is watched.

    Attributes:
        state: what the page shows, as :func:`sweep.watching.shown.shown` has it.
        figures: its figures.
    """

    state: Latest[Json]
    figures: Latest[Drawn]


def application(watched: Watched, host: str, address: str, more: Sequence[Route] = ()) -> Starlette:
    """Return what answers requests.

    Args:
        watched: the sweep.
        host: the address, or the name of it, that is listened at, as a user has written it.
        address: the same, as the socket has it.
        more: routes besides those that only read, and in the place of those.
    """

    def state(request: Request) -> Response:
        return JSONResponse(_with_times(watched.state.get()))

    def figures(request: Request) -> Response:
        return JSONResponse(_listed(watched.figures.get()))

    def picture(request: Request) -> Response:
        found = watched.figures.get().value
        number = request.path_params["number"]
        if found is None or number >= len(found.pictures):
            return Response("There is no such figure.\n", 404, media_type="text/plain")
        headers = {"Content-Security-Policy": OF_A_PICTURE}
        return Response(found.pictures[number].svg, 200, headers, media_type="image/svg+xml")

    routes = [
        *more,
        *(Route(path, given_file(name)) for path, name in FILES.items()),
        Route("/state", state),
        Route("/figures", figures),
        Route("/figures/{number:int}", picture),
    ]
    asked_for = Middleware(OnlyFor, host, address)
    return Starlette(routes=routes, middleware=[Middleware(_Headers), asked_for])


def given_file(name: str) -> Callable[[Request], Response]:
    """Return what answers with a file of the page."""

    def answer(request: Request) -> Response:
        return FileResponse(PAGE / name)

    return answer


def _with_times(seen: Seen[Json]) -> Json:
    return {**(seen.value or {}), "read_ms": seen.at_ms or None, "trouble": seen.trouble}


def _listed(seen: Seen[Drawn]) -> Json:
    """Return the parts of the report with their pictures, each by the number it is asked for by."""
    parts, number = [], 0
    for part in seen.value.parts if seen.value else ():
        labels = [each.label for each in part.pictures]
        pictures = [{"number": number + place, "label": each} for place, each in enumerate(labels)]
        number += len(labels)
        parts.append({"title": part.title, "text": part.text, "pictures": pictures})
    return {
        "version": seen.value.version if seen.value else None,
        "read_ms": seen.at_ms or None,
        "trouble": seen.trouble,
        "parts": parts,
    }


class _Headers:
    """Lets a browser connect to nowhere else, and keep nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {key.lower() for key, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (key.lower().encode(), value.encode())
                        for key, value in HEADERS.items()
                        if key.lower().encode() not in given
                    ),
                ]
            await send(message)

        await self._app(scope, receive, with_headers)
