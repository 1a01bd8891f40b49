"""Every vector of tests/data/wechat_vectors.json, none left out."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask

from citizen_bot.channels.wechat_signatures import jssdk_signature, oauth_url
from citizen_bot.dialogue.model import Incoming
from citizen_bot.dialogue.turns import Outcome
from citizen_bot.platform.clock import FixedClock
from webhooks.wechat.crypto import CallbackError, WeChatCrypto
from webhooks.wechat.messages import Message, read_message, read_xml, to_incoming
from webhooks.wechat.replies import encrypted_reply, envelope, split_text, text_reply
from webhooks.wechat.routes import WeChatDoor, create_wechat_blueprint

DATA = json.loads((Path(__file__).parents[2] / "data" / "wechat_vectors.json").read_text("utf-8"))
MAX_BODY = DATA["limits"]["max_body_bytes"]
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
# The plain account has no key; the door always wants one.
ANY_KEY = "a" * 43

TESTED_KINDS: set[str] = set()


def vectors(*kinds: str) -> pytest.MarkDecorator:
    TESTED_KINDS.update(kinds)
    return pytest.mark.parametrize(
        "vector", [pytest.param(v, id=v["id"]) for v in DATA["vectors"] if v["kind"] in kinds]
    )


def crypto_of(account: str) -> WeChatCrypto:
    found = DATA["accounts"][account]
    return WeChatCrypto(found["token"], found["encoding_aes_key"] or ANY_KEY, found["appid"])


def fields_of(xml: str) -> dict[str, str | None]:
    return {element.tag: element.text for element in ElementTree.fromstring(xml)}


class Residents:
    """Takes what the door lets in and answers it with `text`."""

    def __init__(self, text: str | None = "已收到") -> None:
        self.deliveries: list[Incoming] = []
        self.text = text

    def receive(self, incoming: Incoming) -> Outcome:
        self.deliveries.append(incoming)
        return Outcome(self.text, NOW)


def client_of(account: str, residents: Residents, server_now: int) -> Any:
    found = DATA["accounts"][account]
    door = WeChatDoor(
        app_id=found["appid"],
        token=found["token"],
        encoding_aes_key=found["encoding_aes_key"] or ANY_KEY,
        encrypted_only=found["mode"] != "plain",
        max_skew=DATA["limits"]["max_skew_seconds"],
        max_body=MAX_BODY,
        data_format=found.get("format", "xml"),
    )
    app = Flask("door")
    clock = FixedClock(datetime.fromtimestamp(server_now, UTC))
    app.register_blueprint(create_wechat_blueprint(receive=residents.receive, config=door, clock=clock))
    return app.test_client()


@vectors("url_signature")
def test_url_signature(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expect"]
    crypto = WeChatCrypto(given["token"], ANY_KEY, "wx")
    assert crypto.signature(given["timestamp"], given["nonce"]) == expected["correct_signature"]
    if expected["valid"]:
        crypto.check(given["signature"], given["timestamp"], given["nonce"])
    else:
        with pytest.raises(CallbackError, match="bad_signature"):
            crypto.check(given["signature"], given["timestamp"], given["nonce"])


@vectors("msg_signature")
def test_msg_signature(vector: dict[str, Any]) -> None:
    given = vector["input"]
    crypto = WeChatCrypto(given["token"], ANY_KEY, "wx")
    signature = crypto.signature(given["timestamp"], given["nonce"], given["encrypt"])
    assert signature == vector["expect"]["msg_signature"]


@vectors("encrypt")
def test_encryption_gives_the_very_bytes(vector: dict[str, Any]) -> None:
    given = vector["input"]
    prefix = bytes.fromhex(given["random16_hex"])
    assert crypto_of(given["account"]).encrypt(given["plaintext"], prefix) == vector["expect"]["encrypt"]


@vectors("decrypt")
def test_decryption(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expect"]
    crypto = crypto_of(given["account"])

    def opened() -> str:
        crypto.check(given["msg_signature"], given["timestamp"], given["nonce"], given["encrypt"])
        return crypto.decrypt(given["encrypt"])

    if expected["ok"]:
        assert opened() == expected["plaintext"]
    else:
        with pytest.raises(CallbackError, match=expected["error"]):
            opened()


def body_of(given: dict[str, Any]) -> bytes:
    if "xml_b64" in given:
        return base64.b64decode(given["xml_b64"])
    if "xml_generated" in given:
        parts = given["xml_generated"]
        return str(parts["prefix"] + parts["fill"] * parts["times"] + parts["suffix"]).encode()
    return str(given["xml"]).encode()


def assert_reads_as(message: Message, norm: dict[str, Any]) -> None:
    assert (message.receiver, message.sender) == (norm["account"], norm["openid"])
    assert int(message.created) == norm["create_time"]
    assert (message.type, message.msg_id, message.event) == (norm["type"], norm["msg_id"], norm.get("event"))
    assert message.event_key == norm.get("event_key", "")
    incoming = to_incoming(message, account=message.receiver, received_at=NOW, request_id="")
    assert json.loads(incoming.key) == [*norm["dedupe"]["parts"], *norm["dedupe"].get("extra", [])]
    assert (incoming.kind == "event") == (norm["kind"] == "event")
    assert incoming.text == (norm.get("content") if norm["type"] == "text" else norm.get("recognition") or None)
    if incoming.event in ("subscribe", "scan"):
        assert incoming.event_key == norm["scene"]
    if norm["type"] == "location":
        assert (incoming.latitude, incoming.longitude, incoming.place) == (norm["lat"], norm["lng"], norm["label"])


@vectors("parse_xml")
def test_parsing(vector: dict[str, Any]) -> None:
    body, expected = body_of(vector["input"]), vector["expect"]
    if expected["ok"]:
        message = read_message(read_xml(body, MAX_BODY))
        assert message.fields == expected["fields"]
        assert_reads_as(message, expected["norm"])
    else:
        with pytest.raises(CallbackError, match=expected["error"]):
            read_message(read_xml(body, MAX_BODY))


@vectors("http_get", "http_post")
def test_requests(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expect"]
    residents = Residents()
    client = client_of(given["account"], residents, given["server_now"])
    response = client.open(
        "/webhooks/wechat?" + given["query_string"],
        method=given["method"],
        headers=given["headers"],
        data=given["body"],
    )
    assert response.status_code == expected["status"]
    if "body" in expected:
        assert response.get_data(as_text=True) == expected["body"]
    if "reply_body" in expected:
        assert response.get_data(as_text=True) == expected["reply_body"]
    if "error" in expected:
        assert response.data == b""
    assert len(residents.deliveries) == (1 if expected.get("accepted") else 0)
    if norm := expected.get("norm"):
        (incoming,) = residents.deliveries
        assert (incoming.openid, incoming.text) == (norm["openid"], norm["content"])
        assert json.loads(incoming.key)[1:] == norm["dedupe"]["parts"][1:]


@vectors("dedupe")
def test_repeats_have_the_same_key(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expect"]
    residents = Residents()
    if "bodies" in given:
        for body in given["bodies"]:
            message = read_message(read_xml(body.encode(), MAX_BODY))
            incoming = to_incoming(message, account=message.receiver, received_at=NOW, request_id="")
            residents.receive(incoming)
        keys = [[*key["parts"], *key["extra"]] for key in expected["keys"]]
        assert [json.loads(incoming.key) for incoming in residents.deliveries] == keys
    else:
        client = client_of(given["account"], residents, given["server_now"])
        answers = [
            client.post("/webhooks/wechat?" + given[name]["query_string"], data=given[name]["body"])
            for name in ("first", "second")
        ]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].data == answers[1].data
    assert len({incoming.key for incoming in residents.deliveries}) == expected["processed"]


def message_to(account: str, sender: str) -> Message:
    return Message(account, sender, "1760000000", "text", "1", None, "", {})


@vectors("passive_reply")
def test_passive_reply(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expect"]
    message = message_to(given["incoming"]["ToUserName"], given["incoming"]["FromUserName"])
    xml = text_reply(message, given["reply"]["content"], datetime.fromtimestamp(given["create_time"], UTC))
    assert fields_of(xml) == expected["parsed_fields"]


@vectors("split_text")
def test_split_text(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expect"]
    parts = split_text(given["content"], given["limit_bytes"])
    assert parts[0] == expected["first_part"]
    assert len(parts[0].encode()) == expected["first_part_bytes"]
    assert "".join(parts) == given["content"]
    assert all(len(part.encode()) <= expected["each_part_at_most"] for part in parts)


@vectors("encrypted_reply")
def test_encrypted_reply(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expect"]
    crypto = crypto_of(given["account"])
    xml = envelope(
        crypto,
        given["plaintext"],
        prefix=bytes.fromhex(given["random16_hex"]),
        timestamp=given["timestamp"],
        nonce=given["nonce"],
    )
    assert fields_of(xml) == expected["fields"]
    assert ElementTree.fromstring(xml).tag == expected["root"]
    at = datetime.fromtimestamp(int(given["timestamp"]), UTC)
    sent = fields_of(encrypted_reply(crypto, given["plaintext"], at))
    assert crypto.decrypt(sent["Encrypt"] or "") == given["plaintext"]


@vectors("no_reply")
def test_no_reply(vector: dict[str, Any]) -> None:
    account = vector["input"]["account"]
    crypto = crypto_of(account)
    encrypted = crypto.encrypt(
        "<xml><ToUserName>gh</ToUserName><FromUserName>o</FromUserName><CreateTime>1760000000</CreateTime>"
        "<MsgType>text</MsgType><Content>好</Content><MsgId>1</MsgId></xml>"
    )
    response = client_of(account, Residents(text=None), 1760000000).post(
        "/webhooks/wechat",
        query_string={
            "timestamp": "1760000000",
            "nonce": "1",
            "signature": crypto.signature("1760000000", "1"),
            "encrypt_type": "aes",
            "msg_signature": crypto.signature("1760000000", "1", encrypted),
        },
        data=f"<xml><ToUserName>gh</ToUserName><Encrypt>{encrypted}</Encrypt></xml>",
    )
    assert response.status_code == vector["expect"]["status"]
    assert response.get_data(as_text=True) in vector["expect"]["any_of_bodies"]


@vectors("jssdk_signature")
def test_jssdk_signature(vector: dict[str, Any]) -> None:
    given = vector["input"]
    signature = jssdk_signature(given["jsapi_ticket"], given["noncestr"], given["timestamp"], given["page_url"])
    assert signature == vector["expect"]["signature"]


@vectors("oauth_url")
def test_oauth_url(vector: dict[str, Any]) -> None:
    given = vector["input"]
    url = oauth_url(
        "https://open.weixin.qq.com",
        app_id=given["appid"],
        redirect_uri=given["redirect_uri"],
        scope=given["scope"],
        state=given["state"],
    )
    assert url == vector["expect"]["url"]


def test_no_kind_of_vector_is_left_out() -> None:
    assert {vector["kind"] for vector in DATA["vectors"]} == TESTED_KINDS
