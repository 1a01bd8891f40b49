"""The callback of a running service, as WeChat uses it."""

import itertools
import re
import time
from dataclasses import dataclass
from typing import Any

import requests

from webhooks.wechat.crypto import WeChatCrypto

NUMBERS = itertools.count(time.time_ns() // 1000)
TIMEOUT_S = 30


def openid_of(name: str) -> str:
    return "o" + name.ljust(27, "0")


def text_message(openid: str, text: str, number: int | None = None) -> bytes:
    """A message in clear XML; the same `number` is the same message."""
    number = number or next(NUMBERS)
    return (
        f"<xml><ToUserName>gh_test</ToUserName><FromUserName>{openid}</FromUserName><CreateTime>{int(time.time())}"
        f"</CreateTime><MsgType>text</MsgType><Content>{text}</Content><MsgId>{number}</MsgId></xml>"
    ).encode()


@dataclass(frozen=True)
class Door:
    """`ready` is what the service's ready.json says."""

    ready: dict[str, Any]

    def post(self, body: bytes, *, safe: bool = False) -> requests.Response:
        ready = self.ready
        crypto = WeChatCrypto(ready["wechat_token"], ready["encoding_aes_key"], ready["app_id"])
        timestamp, nonce = str(int(time.time())), str(next(NUMBERS))
        query = {"timestamp": timestamp, "nonce": nonce, "signature": crypto.signature(timestamp, nonce)}
        if safe:
            encrypted = crypto.encrypt(body.decode())
            query |= {"encrypt_type": "aes", "msg_signature": crypto.signature(timestamp, nonce, encrypted)}
            body = f"<xml><ToUserName>gh_test</ToUserName><Encrypt>{encrypted}</Encrypt></xml>".encode()
        return requests.post(ready["url"] + ready["wechat_path"], params=query, data=body, timeout=TIMEOUT_S)

    def say(self, openid: str, text: str, number: int | None = None) -> str:
        """The answer's text."""
        return content(self.post(text_message(openid, text, number)))


def content(response: requests.Response) -> str:
    found = re.search(r"<Content><!\[CDATA\[(.*)\]\]></Content>", response.text, re.DOTALL)
    assert response.status_code == 200
    assert found, response.text
    return found[1]
