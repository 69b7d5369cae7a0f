# SPDX-License-Identifier: Apache-2.0
"""A real web server of one thread, that can also be a bad one."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Server:
    """Files by path, and how to behave."""

    def __init__(self):
        self.files, self.asked = {}, []  # path -> content; (path, Range) of each request
        self.ranges = True  # answer Range with 206
        self.cut = None  # hang up after so many bytes of a body
        self.announce = True  # send Content-Length
        self.address = ""


@pytest.fixture
def server(monkeypatch):
    """A server on this machine; ``address`` has no slash at its end."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            state.asked.append((self.path, wanted))
            content = state.files.get(self.path)
            if content is None:
                return self.send_error(404)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and state.ranges else 0
            if start >= len(content) > 0:
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if state.announce:
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # a client that has enough hangs up
                self.wfile.write(content[start:][: state.cut])
            return None

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.address = f"http://127.0.0.1:{running.server_port}"
        yield state
        running.shutdown()
        thread.join()
