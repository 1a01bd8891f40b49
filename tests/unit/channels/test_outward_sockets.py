"""Over real sockets: what no fake in process can show."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import requests
from outward import APP, CUSTOM, OPENID, SECRET, TOKEN, Outward, error_of
from werkzeug.serving import make_server

from citizen_bot.channels import http
from citizen_bot.channels.wechat import OfficialAccount
from citizen_bot.platform.redis import create_redis
from citizen_bot.sandbox import create_fake, faults


@pytest.fixture
def served(outward: Outward) -> Iterator[OfficialAccount]:
    server = make_server("127.0.0.1", 0, create_fake(outward.state, outward.clock), threaded=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield account_at(server.server_port, outward)
    server.shutdown()
    server.server_close()


def account_at(port: int, outward: Outward) -> OfficialAccount:
    session = requests.Session()
    session.trust_env = False
    return OfficialAccount(f"http://127.0.0.1:{port}", APP, SECRET, outward.redis, clock=outward.clock, session=session)


def test_a_text_is_sent_over_http(served: OfficialAccount, outward: Outward) -> None:
    served.send_text(OPENID, "您好")
    served.send_text(OPENID, "再见")
    assert outward.told() == ["您好", "再见"]


def test_an_answer_that_is_late_may_be_of_a_text_that_was_sent(
    served: OfficialAccount, outward: Outward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.3)
    served.send_text(OPENID, "一")
    outward.state.faults.append(faults.delay(1, path=CUSTOM))
    began = time.monotonic()
    error = error_of(served.send_text, OPENID, "二")
    assert time.monotonic() - began < 0.9
    assert (error.kind, error.reason, error.maybe_sent) == ("again", "ReadTimeout", True)
    assert outward.told() == ["一", "二"]


def test_a_token_call_that_hangs_ends_too_and_nothing_was_sent(
    served: OfficialAccount, outward: Outward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.3)
    outward.state.faults.append(faults.delay(1, path=TOKEN))
    error = error_of(served.send_text, OPENID, "您好")
    assert (error.kind, error.maybe_sent) == ("again", False)
    assert outward.calls(CUSTOM) == []


@pytest.mark.parametrize(("fault", "told"), [(faults.drop_before(path=CUSTOM), 0), (faults.drop_after(path=CUSTOM), 1)])
def test_a_connection_that_ends_leaves_the_matter_open(
    served: OfficialAccount, outward: Outward, fault: faults.Fault, told: int
) -> None:
    outward.state.faults.append(fault)
    error = error_of(served.send_text, OPENID, "您好")
    assert (error.kind, error.maybe_sent) == ("again", True)
    assert len(outward.told()) == told


def test_a_huge_answer_is_not_read_to_its_end(served: OfficialAccount, outward: Outward) -> None:
    outward.state.faults.append(faults.huge(2**30, path=CUSTOM))
    began = time.monotonic()
    assert error_of(served.send_text, OPENID, "您好").maybe_sent
    assert time.monotonic() - began < 2


def test_nobody_listens_and_nothing_was_sent(outward: Outward) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        error = error_of(account_at(unused.getsockname()[1], outward).send_text, OPENID, "您好")
    assert (error.kind, error.maybe_sent) == ("again", False)


@pytest.fixture
def raw() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Serves one connection by hand; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(answer: Callable[[socket.socket], None]) -> int:
        def run() -> None:
            connection, _ = listener.accept()
            with closing(connection):
                connection.recv(65536)
                answer(connection)

        threading.Thread(target=run, daemon=True).start()
        return int(listener.getsockname()[1])

    yield serve
    listener.close()


def test_an_answer_that_drips_is_given_up(
    raw: Callable[[Callable[[socket.socket], None]], int], outward: Outward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "WHOLE_ANSWER_S", 0.4)

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        for _ in range(30):
            time.sleep(0.05)
            try:
                connection.sendall(b" ")
            except OSError:
                return

    began = time.monotonic()
    error = error_of(account_at(raw(drip), outward).send_text, OPENID, "您好")
    assert error.kind == "again"
    assert time.monotonic() - began < 1.2


def test_odd_headers_do_not_bring_the_address_into_the_log(
    raw: Callable[[Callable[[socket.socket], None]], int], outward: Outward, caplog: pytest.LogCaptureFixture
) -> None:
    outward.account().send_text(OPENID, "您好")

    def odd(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nno header at all\r\nContent-Length: 2\r\n\r\n{}")

    account_at(raw(odd), outward).send_text(OPENID, "您好")
    assert "access_token" not in caplog.text


def test_a_redis_that_hangs_is_not_waited_for_again_and_again(outward: Outward) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        account = outward.account(create_redis(f"redis://127.0.0.1:{silent.getsockname()[1]}?socket_timeout=0.1"))
        began = time.monotonic()
        for text in ("一", "二", "三"):
            account.send_text(OPENID, text)
    assert outward.told() == ["一", "二", "三"]
    assert time.monotonic() - began < 0.5
