"""An application of Starlette's, asked in this process: its own client needs one more package."""

import asyncio


def answer_of(app, path, headers, method="GET", parts=(b"",)):
    """Return status, headers and body.

    Args:
        app: the application.
        path: that is asked for.
        headers: pairs of texts.
        method: of the request.
        parts: of its body. Who asks stays when all are sent.
    """
    told, left = [], list(parts)
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method},
        **{"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": ""},
        **{"scheme": "http", "server": ("127.0.0.1", 8090), "client": ("127.0.0.1", 1)},
        "headers": [(key.encode(), value.encode()) for key, value in headers],
    }

    async def receive():
        if left:
            part = left.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(left)}
        return await asyncio.Event().wait()

    async def send(message):
        told.append(message)

    asyncio.run(app(scope, receive, send))
    start, *bodies = told
    found = {key.decode(): value.decode() for key, value in start["headers"]}
    return start["status"], found, b"".join(each.get("body", b"") for each in bodies).decode()
