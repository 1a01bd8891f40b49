"""The judge takes what WeChat takes, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from citizen_bot.sandbox import envelope
from citizen_bot.sandbox.judge import Mode, Unacceptable, judge
from webhooks.wechat.crypto import WeChatCrypto

DATA = json.loads((Path(__file__).parents[2] / "data" / "wechat_vectors.json").read_text())
VECTORS = {vector["id"]: vector for vector in DATA["vectors"]}
SAFE = DATA["accounts"]["safe"]
CRYPTO = WeChatCrypto(SAFE["token"], SAFE["encoding_aes_key"], SAFE["appid"])
OPENID, ACCOUNT = "oABCD1234567890abcdefghijklm", SAFE["original_id"]
TEXT = {"ToUserName": OPENID, "FromUserName": ACCOUNT, "CreateTime": 1760000400, "MsgType": "text", "Content": "您好"}


def judged(
    body: bytes, *, status: int = 200, mode: Mode = "plain", to_message: bool = True, account: str = ACCOUNT
) -> dict[str, Any] | None:
    return judge(status, body, crypto=CRYPTO, mode=mode, openid=OPENID, account=account, to_message=to_message)


def xml(**changes: Any) -> bytes:
    fields = {name: value for name, value in {**TEXT, **changes}.items() if value is not None}
    return envelope.write(fields).encode()


def sealed(inner: bytes, **changes: str) -> bytes:
    encrypted = CRYPTO.encrypt(inner.decode())
    fields = {
        "Encrypt": encrypted,
        "MsgSignature": CRYPTO.signature("1760000400", "77", encrypted),
        "TimeStamp": "1760000400",
        "Nonce": "77",
        **changes,
    }
    return envelope.write({name: value for name, value in fields.items() if value}).encode()


@pytest.mark.parametrize("body", [b"success", b""])
@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_success_and_nothing_show_nothing_in_every_mode(body: bytes, mode: Mode) -> None:
    assert judged(body, mode=mode) is None


def test_a_text_is_told_in_clear() -> None:
    assert judged(xml()) == {**TEXT, "CreateTime": "1760000400"}


@pytest.mark.parametrize("mode", ["compatible", "safe"])
def test_an_encrypted_text_is_told_in_clear(mode: Mode) -> None:
    assert judged(sealed(xml()), mode=mode) == {**TEXT, "CreateTime": "1760000400"}


def test_compatible_mode_takes_a_clear_reply_too() -> None:
    assert judged(xml(), mode="compatible") is not None


def test_the_encrypted_reply_of_the_vectors_is_taken() -> None:
    vector = next(v for v in DATA["vectors"] if v["kind"] == "encrypted_reply")
    body = envelope.write(vector["expect"]["fields"]).encode()
    reply = judged(body, mode="safe")
    assert reply is not None
    assert reply["Content"] == "已收到"


@pytest.mark.parametrize(
    ("id", "content"), [("reply-03", '<a href="https://example.org/h5/book?a=1&b=2">点此预约</a>'), ("reply-04", None)]
)
def test_passive_replies_of_the_vectors_are_taken(id: str, content: str | None) -> None:
    fields = VECTORS[id]["expect"].get("parsed_fields") or {
        **VECTORS[id]["input"]["incoming"],
        "ToUserName": OPENID,
        "FromUserName": "gh_0f1e2d3c4b5a",
        "CreateTime": "1760000400",
        "MsgType": "text",
        "Content": VECTORS[id]["input"]["reply"]["content"],
    }
    reply = judged(envelope.write(fields).encode(), account="gh_0f1e2d3c4b5a")
    assert reply is not None
    assert reply["Content"] == (content or VECTORS[id]["input"]["reply"]["content"])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"ok", "XML"),
        (b'{"errcode":0}', "XML"),
        (xml(ToUserName="oSomebodyElse"), "ToUserName"),
        (xml(FromUserName=OPENID), "FromUserName"),
        (xml(CreateTime="now"), "CreateTime"),
        (xml(CreateTime=None), "CreateTime"),
        (xml(MsgType="sticker"), "MsgType"),
        (xml(Content=""), "Content"),
        (xml(Content=None), "Content"),
        (xml(Content="政" * 683), "2049"),
        (xml(MsgType="image", Image={"MediaId": ""}), "MediaId"),
        (xml(MsgType="news", ArticleCount=1), "图文"),
        (sealed(xml()), "明文"),
    ],
)
def test_what_ends_in_a_fault_notice(body: bytes, why: str) -> None:
    with pytest.raises(Unacceptable, match=why):
        judged(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (xml(), "没有加密"),
        (sealed(xml(), MsgSignature="0" * 40), "bad_signature"),
        (sealed(xml(), Nonce=""), "Nonce"),
        (sealed(xml(), Nonce="78"), "bad_signature"),
        (sealed(xml(Content="政" * 683)), "2049"),
    ],
)
def test_what_safe_mode_refuses(body: bytes, why: str) -> None:
    with pytest.raises(Unacceptable, match=why):
        judged(body, mode="safe")


def test_another_status_is_a_fault_whatever_the_body() -> None:
    with pytest.raises(Unacceptable, match="500"):
        judged(xml(), status=500)


def news(count: int) -> bytes:
    items = "<item><Title>一</Title><Url>https://a</Url></item>" * count
    head = envelope.write({**TEXT, "MsgType": "news", "ArticleCount": count}).removesuffix("</xml>")
    return f"{head}<Articles>{items}</Articles></xml>".encode()


def test_a_message_gets_one_article_and_an_event_up_to_eight() -> None:
    assert judged(news(1)) is not None
    assert judged(news(8), to_message=False) is not None
    with pytest.raises(Unacceptable):
        judged(news(2))
    with pytest.raises(Unacceptable):
        judged(news(9), to_message=False)
