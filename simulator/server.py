"""The simulator on a loopback port: sockets, limits, and who answers what."""

import contextlib
import json
import socket
import socketserver
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from . import faults
from .core import Request, Response, internal_error
from .server_names import is_loopback_host, require_loopback

#: Largest request body (bytes): a feed of 25,000 messages is about 10 MB.
MAX_BODY = 64 * 1024 * 1024
#: An idle connection is closed after this many seconds.
IDLE = 120
LINGER_RESET = struct.pack("ii", 1, 0)


class SimulatorServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves a :class:`~.core.Simulator`, on loopback and nowhere else.

    :param port: 0 = any free port
    :param pages: callable ``(method, path, query, headers, body) → Response``
        for everything that is not a channel; default: control API and page
    :raises ValueError: ``host`` is not a loopback address
    :raises OSError: the port is taken
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, simulator, host="127.0.0.1", port=8099, pages=None):
        require_loopback(host)
        self.simulator = simulator
        self.connections = set()
        self.connections_lock = threading.Lock()
        super().__init__((host, port), Handler)
        self.base_url = f"http://{host}:{self.server_address[1]}"
        if pages is None:
            from .control import ControlAndPage

            pages = ControlAndPage(simulator)
        self.pages = pages

    def serve_forever(self, poll_interval=0.5):
        """Serve until :meth:`stop`; meanwhile what channels tell is delivered."""
        self.simulator.courier.start()
        super().serve_forever(poll_interval)

    def server_close(self):
        self.simulator.courier.close()
        super().server_close()

    def stop(self):
        """Stop serving; sleeping faults wake up, open connections are closed."""
        self.simulator.stopping.set()
        self.shutdown()
        self.server_close()
        with self.connections_lock:
            connections = list(self.connections)
        for connection in connections:
            close_quietly(connection)

    def process_request(self, request, client_address):
        with self.connections_lock:
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        """Close a connection: with RST when a fault asked for it, else with FIN."""
        with self.connections_lock:
            self.connections.discard(request)
        try:
            linger = request.getsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, len(LINGER_RESET)
            )
        except OSError:
            linger = b""
        if linger == LINGER_RESET:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request, client_address):
        """Say nothing when a client went away; it is what faults are for."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "MarketplaceSimulator"
    sys_version = ""
    timeout = IDLE
    disable_nagle_algorithm = True
    #: buffered: head and body leave in one packet
    wbufsize = 1 << 16

    def _answer(self):
        body = self._read_body()
        if body is None:
            return
        try:
            response = self._route(body)
        except Exception:
            response = internal_error(f"{self.command} {urlsplit(self.path).path}")
        if response is faults.RESET:
            self._reset()
        else:
            self._send(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer

    def _read_body(self):
        """Return the request's body; None when the call was refused for it."""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding"):
            return self._refuse(411, "send a Content-Length, not chunks")
        if not length.isdigit():
            return self._refuse(400, "Content-Length is not a number")
        if int(length) > MAX_BODY:
            return self._refuse(413, f"more than {MAX_BODY} bytes")
        return self.rfile.read(int(length))

    def _refuse(self, status, message):
        self.close_connection = True
        self._send(Response(status, {"error": message}))

    def _route(self, body):
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        headers = {name.lower(): value for name, value in self.headers.items()}
        name, slash, rest = parts.path.lstrip("/").partition("/")
        if name in self.server.simulator.channels:
            base = f"{self._own_address(headers)}/{name}"
            request = Request(self.command, slash + rest, query, headers, body, base)
            return self.server.simulator.call(name, request)
        return self.server.pages(self.command, parts.path, query, headers, body)

    def _own_address(self, headers):
        """Return the address under which this caller reaches us."""
        host = headers.get("host", "")
        return f"http://{host}" if is_loopback_host(host) else self.server.base_url

    def _send(self, response):
        body, content_type = encode(response.body)
        headers = {"Content-Type": content_type, **response.headers}
        self.send_response(response.status)
        for name, value in headers.items():
            if name.lower() != "content-length" and (body or name != "Content-Type"):
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self):
        """Make the close that follows an RST: linger on, zero seconds."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        self.close_connection = True

    def log_message(self, format, *args):
        """Keep stderr for bugs; calls are in the journal."""


def encode(body):
    """Return ``(bytes, content type)`` of a response's body."""
    if body is None:
        return b"", "application/json"
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body, ensure_ascii=False).encode(), "application/json"


def close_quietly(connection):
    """Close a socket that may be closed already."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
