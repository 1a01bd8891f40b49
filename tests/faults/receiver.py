"""Who is told: a webhook's receiver that can misbehave, and a fake WeCom on real sockets."""

import copy
import json
import logging
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from standardwebhooks import Webhook
from werkzeug.serving import BaseWSGIServer, make_server

from citizen_bot.sandbox.server import create_fake
from citizen_bot.sandbox.state import FakeState, Fault

ROBOT = "development-robot"

# What it does with a request: takes it; refuses; takes it after a while; hangs up without or with having taken it.
Mood = Literal["takes", "error", "refuses", "slow", "drops_before", "drops_after"]


@dataclass(slots=True)
class Arrival:
    """One request. `at` in unix seconds; `taken`: it was answered with a 2xx as far as the receiver can tell."""

    at: float
    id: str
    kind: str
    data: dict[str, Any]
    taken: bool


class Receiver:
    """A server that takes signed events. Any thread may use it."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.faults: list[str] = []
        self._signer: Webhook | None = None
        self._lock = threading.Lock()
        self._mood: tuple[Mood, float, int | None] = ("takes", 0.0, None)
        self.called = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._receive(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/events"

    def trust(self, secret: str) -> None:
        self._signer = Webhook(secret)

    def behave(self, mood: Mood, *, seconds: float = 0.0, times: int | None = None) -> None:
        """From now on; `times`: so many requests only. `seconds` is how long "slow" takes. `called` tells whether
        there has been a request since."""
        with self._lock:
            self._mood = (mood, seconds, times)
            self.called = False

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _next_mood(self) -> tuple[Mood, float]:
        with self._lock:
            mood, seconds, times = self._mood
            self.called = True
            if times is not None:
                self._mood = (mood, seconds, times - 1) if times > 1 else ("takes", 0.0, None)
            return mood, seconds

    def _receive(self, handler: BaseHTTPRequestHandler) -> None:
        at = time.time()
        mood, seconds = self._next_mood()
        if mood == "drops_before":
            _hang_up(handler)
            return
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        if not self._is_signed(body, handler):
            handler.send_error(401)
            return
        if mood == "slow":
            time.sleep(seconds)
        event = json.loads(body)
        taken = mood in ("takes", "slow")
        arrival = Arrival(at, handler.headers["webhook-id"], event["type"], event["data"], taken)
        # First: who is answered may look at once.
        with self._lock:
            self.arrivals.append(arrival)
        if taken:
            arrival.taken = _answers(handler, 204)
        elif mood == "drops_after":
            _hang_up(handler)
        else:
            _answers(handler, 500 if mood == "error" else 400)

    def _is_signed(self, body: bytes, handler: BaseHTTPRequestHandler) -> bool:
        try:
            assert self._signer
            self._signer.verify(body, {name.lower(): value for name, value in handler.headers.items()})
        except Exception as error:
            self.faults.append(f"a request is not signed rightly: {error!r}")
            return False
        return True


def _answers(handler: BaseHTTPRequestHandler, status: int) -> bool:
    try:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    except OSError:
        return False
    return True


def _hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


class WeCom:
    """The sandbox's fake, apart from the service, so that it can really hang up and outlives a killed web process."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._state = FakeState(robots={ROBOT: []})
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, create_fake(self._state), threaded=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/wecom"

    def misbehave(self, fault: Fault) -> None:
        """From now on. `called` tells whether there has been a request since."""
        with self._state.open() as state:
            # Its own copy: it is counted down.
            state.faults.append(copy.deepcopy(fault))
            state.calls.clear()

    @property
    def called(self) -> bool:
        with self._state.open() as state:
            return bool(state.calls)

    def mend(self) -> None:
        with self._state.open() as state:
            state.faults.clear()

    def told(self) -> list[tuple[float, str]]:
        """What the group's robot has said since the last call: when (unix seconds), and the text."""
        with self._state.open() as state:
            said = [(message["at"], message["markdown"]["content"]) for message in state.robots[ROBOT]]
            state.robots[ROBOT].clear()
        return said

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
