"""An address of this machine that is told something by POST."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

CLOSES_WITHIN = 0.02  # seconds


class Heard(HTTPServer):
    """A server of this machine that keeps what it is told, and answers with a status."""

    def __init__(self, status=204):
        self.status, self.told = status, []
        super().__init__(("127.0.0.1", 0), Answers)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook/s3cret"

    def __enter__(self):
        serve = threading.Thread(target=self.serve_forever, args=(CLOSES_WITHIN,), daemon=True)
        serve.start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.server_close()


class Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args):
        pass
