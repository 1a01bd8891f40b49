"""Against Flask applications in process, and the published vectors of Standard Webhooks."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from flask import Flask, Response, request
from outward import error_of
from standardwebhooks import Webhook

from citizen_bot.channels.webhook import SignedWebhook
from citizen_bot.platform.clock import FixedClock, SystemClock
from citizen_bot.sandbox import AppAdapter

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HAPPENED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class Receiver:
    def __init__(self, answer: Response | None = None) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answer = answer or Response(status=204)
        app = Flask("receiver")

        @app.post("/events")
        def take() -> Response:
            self.got.append((dict(request.headers), request.get_data()))
            return self.answer

        self.session = requests.Session()
        self.session.mount("http://city.test", AppAdapter(app))

    def webhook(self, clock: Any = None, secret: str = SECRET) -> SignedWebhook:
        return SignedWebhook("http://city.test/events", secret, clock=clock, session=self.session)


def test_the_receiver_finds_the_signature_good() -> None:
    receiver = Receiver()
    receiver.webhook(SystemClock()).send("visit-7-booked", "visit.booked", {"事项": "社会保障卡补领"}, HAPPENED)
    ((headers, body),) = receiver.got
    told = Webhook(SECRET).verify(body, headers)
    assert told == {
        "type": "visit.booked",
        "timestamp": "2026-11-23T02:00:00+00:00",
        "data": {"事项": "社会保障卡补领"},
    }
    assert headers["Content-Type"] == "application/json"
    assert headers["Webhook-Id"] == "visit-7-booked"
    assert "社会保障卡补领".encode() in body


def test_the_signature_is_the_published_one_for_its_own_example() -> None:
    """The specification's vector is of another body, so it checks the signer; the one above checks what is signed."""
    at = datetime.fromtimestamp(1614265330, UTC)
    signed = Webhook(SECRET).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_attempt_is_signed_with_its_own_time() -> None:
    receiver, clock = Receiver(), FixedClock(datetime(2026, 11, 23, 3, 0, 0, 900_000, tzinfo=UTC))
    receiver.webhook(clock).send("a", "visit.booked", {}, HAPPENED)
    assert receiver.got[0][0]["Webhook-Timestamp"] == str(int(datetime(2026, 11, 23, 3, 0, tzinfo=UTC).timestamp()))


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_status_of_success_is_a_delivery(status: int) -> None:
    Receiver(Response(status=status)).webhook().send("a", "b", {}, HAPPENED)


@pytest.mark.parametrize(
    ("status", "kind", "maybe_sent"),
    [
        (400, "failed", False),
        (401, "failed", False),
        (404, "failed", False),
        (410, "failed", False),
        (408, "again", False),
        (429, "again", False),
        (302, "again", False),
        (500, "again", True),
        (503, "again", True),
    ],
)
def test_what_a_status_means(status: int, kind: str, maybe_sent: bool) -> None:
    receiver = Receiver(Response(status=status, headers={"Location": "/events"}))
    error = error_of(receiver.webhook().send, "a", "b", {}, HAPPENED)
    assert (error.kind, error.code, error.wait_s, error.maybe_sent) == (kind, status, None, maybe_sent)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("told", "wait_s"),
    [
        ("120", 120),
        ("999999999", 86400),
        ("Mon, 23 Nov 2026 03:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 02:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_the_receiver_says_when_to_come_again(told: str, wait_s: float | None) -> None:
    receiver = Receiver(Response(status=503, headers={"Retry-After": told}))
    clock = FixedClock(datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
    assert error_of(receiver.webhook(clock).send, "a", "b", {}, HAPPENED).wait_s == wait_s


def test_a_large_answer_to_a_delivery_does_no_harm() -> None:
    receiver = Receiver(Response(b" " * 2**21))
    receiver.webhook().send("a", "b", {}, HAPPENED)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_不是", "whsec_" + base64.b64encode(b"short").decode(), "not base64 at all!"]
)
def test_a_weak_secret_is_refused_and_not_told(secret: str) -> None:
    with pytest.raises(ValueError, match="24 bytes") as caught:
        SignedWebhook("https://city.test", secret)
    assert len(secret) < 7 or secret not in str(caught.value)


@pytest.mark.parametrize("url", ["", "city.test/events", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        SignedWebhook(url, SECRET)


def test_nothing_of_the_address_shows_when_nobody_listens() -> None:
    session = requests.Session()
    session.trust_env = False
    webhook = SignedWebhook("http://127.0.0.1:1/events?key=hidden", SECRET, session=session)
    error = error_of(webhook.send, "a", "b", {}, HAPPENED)
    assert (error.kind, error.maybe_sent) == ("again", False)
    assert "hidden" not in f"{error!r}{error.__context__!r}{json.dumps(vars(error))}"
