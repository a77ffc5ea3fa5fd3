"""A small server that keeps what it is sent: the door of an Odoo."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener:
    """Answers ``status`` to every POST."""

    def __init__(self):
        self.received, self.status, self.location = [], 200, ""
        self.arrived = threading.Event()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {k.lower(): v for k, v in self.headers.items()}
                listener.received.append((self.path, headers, body))
                self.send_response(listener.status)
                if listener.location:
                    self.send_header("Location", listener.location)
                self.end_headers()
                listener.arrived.set()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/secret"
        self.thread = threading.Thread(
            target=self.server.serve_forever, args=(0.02,), daemon=True
        )
        self.thread.start()

    def bodies(self):
        return [json.loads(body) for _path, _headers, body in self.received]

    def topics(self):
        return [headers["x-shopify-topic"] for _path, headers, _body in self.received]

    def ids(self):
        return [headers["x-shopify-webhook-id"] for _p, headers, _b in self.received]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
