"""What WeChat gets back: a text in XML, in clear or encrypted, always the same bytes for the same reply.

Rules: developers.weixin.qq.com, "被动回复用户消息".
"""

import re
from datetime import datetime

from webhooks.wechat.crypto import PREFIX_BYTES, WeChatCrypto
from webhooks.wechat.messages import Message

TEXT_LIMIT_BYTES = 2048
NOTHING = "success"
NONCE_BYTES = 8

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile(r"\r\n?")
_ANCHOR = "<a "
_ANCHOR_END = "</a>"


def presentable(text: str) -> str:
    """`text` with WeChat's line ends and without the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("", _LINE_END.sub("\n", text))


def split_text(text: str, limit: int = TEXT_LIMIT_BYTES) -> list[str]:
    """Parts of at most `limit` bytes of UTF-8 that join to `text`.

    A part ends between two characters, and not inside a link that itself fits into a part. `limit` is at least 4.
    """
    parts = []
    while len(text.encode()) > limit:
        cut = _before_open_link(text, len(text.encode()[:limit].decode(errors="ignore")))
        parts.append(text[:cut])
        text = text[cut:]
    return [*parts, text]


def text_reply(message: Message, text: str, at: datetime) -> str:
    """The XML that answers `message` with `text`, made presentable and cut to 2,048 bytes."""
    content = split_text(presentable(text))[0]
    return (
        f"<xml><ToUserName>{_cdata(message.sender)}</ToUserName>"
        f"<FromUserName>{_cdata(message.receiver)}</FromUserName>"
        f"<CreateTime>{_seconds(at)}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{_cdata(content)}</Content></xml>"
    )


def encrypted_reply(crypto: WeChatCrypto, xml: str, at: datetime) -> str:
    """`xml` in its encrypted envelope.

    Prefix and nonce come from a keyed digest of the reply instead of chance, so that a repeat of the message gets the
    very same bytes. To anybody without the key they look random, and equal replies are all that they give away.
    """
    digest = crypto.digest(f"{_seconds(at)}\n{xml}")
    nonce = digest[PREFIX_BYTES : PREFIX_BYTES + NONCE_BYTES].hex()
    return envelope(crypto, xml, prefix=digest[:PREFIX_BYTES], timestamp=str(_seconds(at)), nonce=nonce)


def envelope(crypto: WeChatCrypto, xml: str, *, prefix: bytes, timestamp: str, nonce: str) -> str:
    encrypted = crypto.encrypt(xml, prefix)
    signature = crypto.signature(timestamp, nonce, encrypted)
    return (
        f"<xml><Encrypt>{_cdata(encrypted)}</Encrypt><MsgSignature>{_cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    )


def _before_open_link(text: str, cut: int) -> int:
    """`cut`, or the start of the link that it would break."""
    start = text.rfind(_ANCHOR, 0, cut + len(_ANCHOR) - 1)
    if start <= 0:
        return cut
    end = text.find(_ANCHOR_END, start)
    return start if end != -1 and cut < end + len(_ANCHOR_END) else cut


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
