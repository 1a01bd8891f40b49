"""Whether WeChat would take an answer to its callback: a reply, nothing, or a fault that makes it deliver again."""

from collections.abc import Mapping
from typing import Any, Literal

from citizen_bot.sandbox import envelope
from webhooks.wechat.crypto import CallbackError, WeChatCrypto

Mode = Literal["plain", "compatible", "safe"]
MAX_TEXT = 2048
# The element that each kind of reply needs, and what must be in it.
NEEDED: dict[str, tuple[str, tuple[str, ...]]] = {
    "image": ("Image", ("MediaId",)),
    "voice": ("Voice", ("MediaId",)),
    "video": ("Video", ("MediaId",)),
    "music": ("Music", ("ThumbMediaId",)),
}


class Unacceptable(Exception):
    """WeChat would deliver again and in the end show the fault notice. The text says why, in Chinese."""


def judge(
    status: int,
    body: bytes,
    *,
    crypto: WeChatCrypto,
    mode: Mode,
    openid: str,
    account: str,
    to_message: bool,
) -> dict[str, Any] | None:
    """The reply's fields in clear, or None where nothing is to be shown.

    `openid` and `account` are sender and receiver of the message answered; `to_message`: it was no event, so that a
    reply of articles may have only one. Raises Unacceptable.
    """
    if status != 200:
        raise Unacceptable(f"服务回答了状态码 {status}，应当是 200")
    if body in (b"", b"success"):
        return None
    try:
        fields = envelope.read(body)
        if "Encrypt" in fields:
            fields = envelope.read(_decrypted(fields, crypto, mode))
        elif mode == "safe":
            raise Unacceptable("安全模式下回复没有加密")
    except ValueError as error:
        raise Unacceptable(str(error)) from error
    _check_addresses(fields, openid, account)
    _check_content(fields, to_message)
    return fields


def _decrypted(fields: Mapping[str, Any], crypto: WeChatCrypto, mode: Mode) -> bytes:
    if mode == "plain":
        raise Unacceptable("明文模式下回复却加了密")
    missing = [name for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce") if not fields.get(name)]
    if missing:
        raise Unacceptable(f"加密的回复缺少 {'、'.join(missing)}")
    try:
        crypto.check(fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
        return crypto.decrypt(fields["Encrypt"]).encode()
    except CallbackError as error:
        raise Unacceptable(f"加密的回复解不开（{error.code}）") from error


def _check_addresses(fields: Mapping[str, Any], openid: str, account: str) -> None:
    if fields.get("ToUserName") != openid:
        raise Unacceptable("回复的 ToUserName 不是发消息的人")
    if fields.get("FromUserName") != account:
        raise Unacceptable("回复的 FromUserName 不是这个公众号")
    if not str(fields.get("CreateTime", "")).isdecimal():
        raise Unacceptable("回复的 CreateTime 不是数字")


def _check_content(fields: Mapping[str, Any], to_message: bool) -> None:
    kind = fields.get("MsgType")
    if kind == "text":
        _check_text(fields.get("Content"))
    elif kind == "news":
        _check_news(fields, 1 if to_message else 8)
    elif kind in NEEDED:
        element, names = NEEDED[kind]
        inside = fields.get(element)
        if not isinstance(inside, Mapping) or not all(inside.get(name) for name in names):
            raise Unacceptable(f"回复缺少 {element}/{'、'.join(names)}")
    elif kind != "transfer_customer_service":
        raise Unacceptable(f"回复的 MsgType 不认识：{kind}")


def _check_text(content: Any) -> None:
    if not isinstance(content, str) or not content:
        raise Unacceptable("回复的 Content 是空的")
    size = len(content.encode())
    if size > MAX_TEXT:
        raise Unacceptable(f"回复有 {size} 字节，最多 {MAX_TEXT} 字节")


def _check_news(fields: Mapping[str, Any], most: int) -> None:
    articles = fields.get("Articles")
    items = articles.get("item", []) if isinstance(articles, Mapping) else []
    if not 1 <= len(items) <= most or fields.get("ArticleCount") != str(len(items)):
        raise Unacceptable(f"图文回复应当有 1 到 {most} 篇，ArticleCount 要相符")
    if not all(isinstance(item, Mapping) and item.get("Title") and item.get("Url") for item in items):
        raise Unacceptable("图文回复缺少 Title 或 Url")
