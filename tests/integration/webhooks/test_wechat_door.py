"""The callback as WeChat and as strangers see it: a bare Flask application, real requests, a caller that records."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from citizen_bot.dialogue.model import Incoming
from citizen_bot.dialogue.turns import Outcome, TurnBusy
from citizen_bot.platform.clock import FixedClock
from citizen_bot.settings import Settings
from webhooks.wechat.crypto import WeChatCrypto
from webhooks.wechat.routes import WeChatDoor, create_wechat_blueprint

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ANSWERED = NOW + timedelta(seconds=1)
OPENID = "oABCD1234567890abcdefghijklm"
DEVELOPMENT = WeChatDoor(
    app_id="wx9f8e7d6c5b4a3210",
    token="citizenBotToken01",
    encoding_aes_key="h4Xr0TzQ2vB8nKpL6wYcJ1sMdF5gUaE9iOoRt3VbNxG",
    encrypted_only=False,
    max_skew=300,
    max_body=131072,
)
SAFE = replace(DEVELOPMENT, encrypted_only=True)
CRYPTO = WeChatCrypto(DEVELOPMENT.token, DEVELOPMENT.encoding_aes_key, DEVELOPMENT.app_id)


@dataclass
class Door:
    """The callback of one account and all that came through it. `answer` decides what a message gets."""

    config: WeChatDoor = DEVELOPMENT
    answer: Callable[[Incoming], Outcome] = lambda incoming: Outcome("带上身份证", ANSWERED)
    received: list[Incoming] = field(default_factory=list)

    def __post_init__(self) -> None:
        app = Flask("door")
        app.register_blueprint(
            create_wechat_blueprint(receive=self._receive, config=self.config, clock=FixedClock(NOW))
        )
        self.client = app.test_client()

    def _receive(self, incoming: Incoming) -> Outcome:
        self.received.append(incoming)
        return self.answer(incoming)

    def post(self, body: bytes, *, encrypted: str = "", at: datetime = NOW, **parameters: Any) -> TestResponse:
        return self.client.post("/webhooks/wechat", query_string=signed(encrypted, at) | parameters, data=body)

    def post_encrypted(self, inner: bytes, **parameters: Any) -> TestResponse:
        encrypted = CRYPTO.encrypt(inner.decode())
        outer = outer_json if self.config.data_format == "json" else outer_xml
        return self.post(outer(encrypted), encrypted=encrypted, **parameters)


def signed(encrypted: str = "", at: datetime = NOW) -> dict[str, Any]:
    timestamp, nonce = str(int(at.timestamp())), str(random.getrandbits(32))
    query = {"signature": CRYPTO.signature(timestamp, nonce), "timestamp": timestamp, "nonce": nonce, "openid": OPENID}
    if encrypted:
        query |= {"encrypt_type": "aes", "msg_signature": CRYPTO.signature(timestamp, nonce, encrypted)}
    return query


def outer_xml(encrypted: str) -> bytes:
    return f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


def outer_json(encrypted: str) -> bytes:
    return json.dumps({"ToUserName": "gh_1", "Encrypt": encrypted}).encode()


def message(**fields: str) -> bytes:
    common = {"ToUserName": "gh_1", "FromUserName": OPENID, "CreateTime": "1700000000", "MsgType": "text"}
    return f"<xml>{''.join(f'<{k}>{v}</{k}>' for k, v in (common | fields).items())}</xml>".encode()


TEXT = message(Content="俺娘八十了", MsgId="1")


def reply(response: TestResponse) -> dict[str, str]:
    assert response.status_code == 200
    assert response.content_type == "text/xml; charset=utf-8"
    return {element.tag: element.text or "" for element in ElementTree.fromstring(response.data)}


def decrypted(response: TestResponse) -> dict[str, str]:
    fields = reply(response)
    CRYPTO.check(fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
    return {e.tag: e.text or "" for e in ElementTree.fromstring(CRYPTO.decrypt(fields["Encrypt"]))}


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


EXPECTED = {
    "ToUserName": OPENID,
    "FromUserName": "gh_1",
    "CreateTime": str(int(ANSWERED.timestamp())),
    "MsgType": "text",
    "Content": "带上身份证",
}


def test_a_plain_message_gets_a_plain_reply() -> None:
    door = Door()
    assert reply(door.post(TEXT)) == EXPECTED
    (incoming,) = door.received
    assert (incoming.account, incoming.openid, incoming.text) == (DEVELOPMENT.app_id, OPENID, "俺娘八十了")
    assert incoming.received_at == NOW


@pytest.mark.parametrize("config", [DEVELOPMENT, SAFE], ids=["development", "safe"])
def test_an_encrypted_message_gets_an_encrypted_reply(config: WeChatDoor) -> None:
    assert decrypted(Door(config).post_encrypted(TEXT)) == EXPECTED


def test_a_repeat_of_an_encrypted_message_gets_the_same_bytes() -> None:
    door = Door(SAFE)
    first, second = door.post_encrypted(TEXT), door.post_encrypted(TEXT)
    assert first.data == second.data
    assert door.received[0].key == door.received[1].key


@pytest.mark.parametrize(
    "parameters", [{}, {"encrypt_type": "raw"}, {"encrypt_type": "aes", "msg_signature": "0" * 40}]
)
def test_safe_mode_refuses_plain_bodies_whatever_the_address_says(parameters: dict[str, Any]) -> None:
    door = Door(SAFE)
    response = door.post(TEXT, **parameters)
    assert (response.status_code, response.data, door.received) == (403, b"", [])


def test_only_the_encrypted_part_of_a_compatible_body_counts() -> None:
    door = Door(SAFE)
    encrypted = CRYPTO.encrypt(TEXT.decode())
    body = message(Content="伪造", MsgId="2", Encrypt=encrypted)
    assert decrypted(door.post(body, encrypted=encrypted)) == EXPECTED
    assert [incoming.text for incoming in door.received] == ["俺娘八十了"]


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        ({}, 200),
        ({"WECHAT_MODE": "safe"}, 200),
        ({"APP_ENV": "production"}, 403),
        ({"APP_ENV": "production", "WECHAT_MODE": "compatible"}, 403),
        ({"APP_ENV": "production", "WECHAT_MODE": "plain"}, 200),
    ],
    ids=str,
)
def test_settings_decide_whether_plain_bodies_are_taken(environment: dict[str, str], status: int) -> None:
    production = {
        "DATABASE_URL": "postgresql://db/citizen_bot",
        "REDIS_URL": "redis://cache",
        "SECRET_KEY": "k" * 32,
        "PRIVACY_KEYS": "a" * 43 + "=",
        "WECHAT_APP_SECRET": "0" * 31 + "1",
        "PUBLIC_URL": "https://example.org",
    }
    account = {
        "WECHAT_APP_ID": DEVELOPMENT.app_id,
        "WECHAT_TOKEN": DEVELOPMENT.token,
        "WECHAT_ENCODING_AES_KEY": DEVELOPMENT.encoding_aes_key,
    }
    door = Door(WeChatDoor.of(Settings.from_environment(production | account | environment)))
    assert door.post(TEXT).status_code == status
    assert decrypted(door.post_encrypted(TEXT)) == EXPECTED


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_timestamp_inside_the_window_is_taken(seconds: int) -> None:
    assert Door().post(TEXT, at=NOW + timedelta(seconds=seconds)).status_code == 200


@pytest.mark.parametrize("seconds", [-301, 301, -(10**6)])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_timestamp_outside_the_window_is_refused(seconds: int, method: str) -> None:
    door = Door()
    query = signed(at=NOW + timedelta(seconds=seconds)) | {"echostr": "1"}
    response = door.client.open("/webhooks/wechat", method=method, query_string=query, data=TEXT)
    assert (response.status_code, door.received) == (403, [])


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1e9", "１７", "9" * 13, "9" * 5000])
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    query = {"timestamp": timestamp, "nonce": "1", "signature": CRYPTO.signature(timestamp, "1")}
    assert Door().client.post("/webhooks/wechat", query_string=query, data=TEXT).status_code == 403


def test_the_window_can_be_switched_off() -> None:
    assert Door(replace(DEVELOPMENT, max_skew=0)).post(TEXT, at=NOW - timedelta(days=999)).status_code == 200


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce", "msg_signature", "echostr"])
def test_a_parameter_given_twice_is_refused(name: str) -> None:
    door = Door()
    query = signed("x") | {"echostr": "1"}
    for method in ("GET", "POST"):
        doubled = query | {name: [query[name], query[name]]}
        response = door.client.open("/webhooks/wechat", method=method, query_string=doubled, data=TEXT)
        assert (response.status_code, response.data) == (403, b"")
    assert door.received == []


def test_a_signature_beyond_ascii_is_only_a_wrong_one() -> None:
    assert Door().post(TEXT, signature="签名").status_code == 403


def test_the_echo_is_exact_and_cannot_become_a_page() -> None:
    response = Door().client.get("/webhooks/wechat", query_string=signed() | {"echostr": "<b>1+2&3</b>中"})
    assert response.data == "<b>1+2&3</b>中".encode()
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(method: str) -> None:
    query = signed() | {"echostr": "1"}
    assert Door().client.open("/webhooks/wechat", method=method, query_string=query).status_code == 405


def test_the_largest_body_passes_and_one_byte_more_does_not() -> None:
    door = Door(replace(DEVELOPMENT, max_body=len(TEXT)))
    assert door.post(TEXT).status_code == 200
    assert door.post(TEXT + b"\n").status_code == 413
    assert len(door.received) == 1


class CountingStream(BytesIO):
    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        self.taken += count
        return count


def test_an_announced_size_over_the_limit_is_refused_before_reading() -> None:
    stream = CountingStream(b"a" * 10**6)
    response = Door().client.post(
        "/webhooks/wechat", query_string=signed(), input_stream=stream, headers={"Content-Length": str(10**6)}
    )
    assert (response.status_code, response.data, stream.taken) == (413, b"", 0)


def test_a_body_without_announced_size_is_read_up_to_the_limit_only() -> None:
    stream = CountingStream(b"a" * 10**6)
    response = Door().client.post(
        "/webhooks/wechat",
        query_string=signed(),
        input_stream=stream,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert response.status_code == 413
    assert stream.taken == DEVELOPMENT.max_body + 1


@pytest.mark.parametrize("event", ["unsubscribe", "VIEW", "LOCATION", "next_years_event"])
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_silent_event_gets_the_word_success_in_clear(event: str, encrypted: bool) -> None:
    door = Door(answer=lambda incoming: Outcome(None, ANSWERED))
    body = message(MsgType="event", Event=event)
    response = door.post_encrypted(body) if encrypted else door.post(body)
    assert (response.status_code, response.data) == (200, b"success")
    assert response.content_type == "text/plain; charset=utf-8"
    assert len(door.received) == 1


@pytest.mark.parametrize("text", ["", " \n", "\x00\x08"])
def test_a_text_that_shows_nothing_is_sent_as_success(text: str) -> None:
    assert Door(answer=lambda incoming: Outcome(text, ANSWERED)).post(TEXT).data == b"success"


def test_a_text_that_is_too_long_is_cut_and_told_in_the_log() -> None:
    with capture_logs() as logs:
        content = reply(Door(answer=lambda incoming: Outcome("政" * 700, ANSWERED)).post(TEXT))["Content"]
    assert content == "政" * 682
    assert logs == [{"event": "reply cut", "log_level": "warning", "size": 2100}]


def failing(error: BaseException) -> Callable[[Incoming], Outcome]:
    def answer(incoming: Incoming) -> Outcome:
        raise error

    return answer


def test_whatever_breaks_inside_the_resident_gets_a_kind_sentence_whose_number_is_in_the_log() -> None:
    door, before = Door(SAFE, failing(RuntimeError("broken"))), counted("citizen_bot_faults_total")
    with capture_logs() as logs:
        content = decrypted(door.post_encrypted(TEXT))["Content"]
    (line,) = logs
    assert (line["event"], line["log_level"]) == ("message not answered", "error")
    assert content == f"抱歉，刚才出了点问题，没能答复您。请过一会儿再发一次。（问题编号：{line['fault_id']}）"
    assert counted("citizen_bot_faults_total") == before + 1


def test_a_fault_at_a_silent_event_is_logged_and_nothing_is_shown() -> None:
    with capture_logs() as logs:
        response = Door(answer=failing(RuntimeError())).post(message(MsgType="event", Event="LOCATION"))
    assert response.data == b"success"
    assert [line["event"] for line in logs] == ["message not answered"]


def test_a_message_that_is_still_being_answered_gets_success() -> None:
    response = Door(SAFE, failing(TurnBusy())).post_encrypted(TEXT)
    assert (response.status_code, response.data) == (200, b"success")


def test_nothing_of_the_resident_is_in_the_log_of_a_refusal() -> None:
    before = counted("citizen_bot_rejected_callbacks_total", reason="bad_signature")
    with capture_logs() as logs:
        Door().post(TEXT, signature="0" * 40)
    assert logs == [{"event": "callback refused", "log_level": "warning", "reason": "bad_signature"}]
    assert counted("citizen_bot_rejected_callbacks_total", reason="bad_signature") == before + 1


def test_the_time_of_an_answer_is_counted() -> None:
    before = counted("citizen_bot_reply_seconds_count")
    Door().post(message(MsgType="event", Event="CLICK", EventKey="HELP"))
    assert counted("citizen_bot_reply_seconds_count") == before + 1


@pytest.mark.parametrize("inner", ["hello", "<xml><MsgType>text</MsgType></xml>", "<!DOCTYPE xml><xml/>"])
def test_a_proved_message_that_cannot_be_read_is_refused(inner: str) -> None:
    door = Door(SAFE)
    assert door.post_encrypted(inner.encode()).status_code == 400
    assert door.received == []


SURROUNDED = st.one_of(
    st.binary(max_size=400),
    st.text("<>/xml&;!?[]CDATEncrypt='\"\0", max_size=80).map(str.encode),
    st.binary(max_size=100).map(lambda part: TEXT.replace(b"<Content>", b"<Content>" + part)),
)


OPEN_DOORS = [Door(DEVELOPMENT), Door(SAFE), Door(replace(SAFE, data_format="json"))]


@given(body=SURROUNDED)
def test_any_body_is_answered_without_a_server_error(body: bytes) -> None:
    for door in OPEN_DOORS:
        assert door.post(body).status_code in (200, 400, 403)


@given(inner=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_proved_text_is_answered_without_a_server_error(inner: str) -> None:
    for door in OPEN_DOORS:
        assert door.post_encrypted(inner.encode()).status_code == 400


CLOSED_DOOR = Door()


@given(query=st.dictionaries(st.sampled_from(["signature", "timestamp", "nonce", "echostr"]), st.text(max_size=50)))
def test_a_stranger_never_gets_in(query: dict[str, str]) -> None:
    for method in ("GET", "POST"):
        response = CLOSED_DOOR.client.open("/webhooks/wechat", method=method, query_string=query, data=TEXT)
        assert (response.status_code, response.data, CLOSED_DOOR.received) == (403, b"", [])
