"""What only real sockets show: a service that is slow, trickles, or is not there."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from citizen_bot.platform.clock import SystemClock
from citizen_bot.sandbox.pusher import Account, Pusher
from citizen_bot.sandbox.state import FakeState
from citizen_bot.settings import DEVELOPMENT_AES_KEY, DEVELOPMENT_APP_ID, DEVELOPMENT_WECHAT_TOKEN

ACCOUNT = Account("gh_sandbox00001", DEVELOPMENT_APP_ID, DEVELOPMENT_WECHAT_TOKEN, DEVELOPMENT_AES_KEY)
OPENID = "oABCD1234567890abcdefghijklm"


def pusher(port: int) -> Pusher:
    callback = f"http://127.0.0.1:{port}/callback"
    return Pusher(callback, ACCOUNT, FakeState(), SystemClock(), patience=0.2)


@contextmanager
def serving(answer: Callable[[], Any]) -> Iterator[int]:
    app = Flask("callback")
    app.add_url_rule("/callback", view_func=answer, methods=["POST"])
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_a_slow_service_is_called_three_times_and_then_given_up() -> None:
    released = threading.Event()

    def slow() -> str:
        released.wait(10)
        return "success"

    with serving(slow) as port:
        outcome = pusher(port).text(OPENID, "在吗")
        released.set()
    assert outcome.kind == "fault_notice"
    assert [delivery.fault for delivery in outcome.deliveries] == ["0.2 秒内没有回答"] * 3


def test_an_answer_that_trickles_in_is_too_late_all_the_same() -> None:
    def trickle() -> Iterator[bytes]:
        released = threading.Event()
        for _ in range(40):
            released.wait(0.05)
            yield b" " * 8192

    with serving(lambda: trickle()) as port:
        outcome = pusher(port).text(OPENID, "在吗")
    assert [delivery.fault for delivery in outcome.deliveries] == ["0.2 秒内没有回答"] * 3


def test_an_endless_answer_is_cut_off() -> None:
    with serving(lambda: (b" " * 2**18 for _ in range(1000))) as port:
        outcome = Pusher(f"http://127.0.0.1:{port}/callback", ACCOUNT, FakeState(), SystemClock()).text(OPENID, "在吗")
    assert [delivery.fault for delivery in outcome.deliveries] == ["回答太大"] * 3


def test_a_service_that_is_not_there_is_told_so() -> None:
    with serving(lambda: "success") as port:
        assert pusher(port).text(OPENID, "在吗").kind == "nothing"
    outcome = pusher(port).text(OPENID, "在吗")
    assert outcome.kind == "fault_notice"
    assert {delivery.status for delivery in outcome.deliveries} == {None}
    assert all("连不上服务" in str(delivery.fault) for delivery in outcome.deliveries)


def test_a_redirect_is_not_followed() -> None:
    with serving(lambda: ("", 302, {"Location": "http://127.0.0.1:1/"})) as port:
        outcome = pusher(port).text(OPENID, "在吗")
    assert [delivery.status for delivery in outcome.deliveries] == [302] * 3
