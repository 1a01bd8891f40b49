"""WeChat between a resident and the service: five seconds for an answer, the same message up to three times."""

import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from tests.door import NUMBERS, text_message
from webhooks.wechat.crypto import WeChatCrypto

PATIENCE_S = 5.0
DELIVERIES = 3
# Between two deliveries of which the first failed at once.
PAUSE_S = 0.7
# The same message twice, of so many of a hundred: at once, and again after it was answered.
AT_ONCE, AGAIN = 10, 20
APOLOGY = "没能答复您"


@dataclass(frozen=True)
class _Sent:
    number: int
    body: bytes
    safe: bool


class WeChat:
    """`ready` is what the service's ready.json says. Any thread may use it."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self._url = ready["url"] + ready["wechat_path"]
        self._crypto = WeChatCrypto(ready["wechat_token"], ready["encoding_aes_key"], ready["app_id"])
        self._lock = threading.Lock()
        self._sent: dict[int, _Sent] = {}
        self._answers: dict[int, set[bytes]] = {}
        self._pool = ThreadPoolExecutor(32)
        self.repeats = 0

    def deliver(self, openid: str, text: str, chance: random.Random) -> str | None:
        """What the resident reads; None where nothing came, or only that it did not work."""
        number = next(NUMBERS)
        sent = _Sent(number, text_message(openid, text, number), safe=number % 2 == 0)
        twin = self._pool.submit(self._post, sent) if chance.randrange(100) < AT_ONCE else None
        answer = self._post(sent)
        for _ in range(DELIVERIES - 1):
            if answer is not None:
                break
            self.repeats += 1
            time.sleep(PAUSE_S)
            answer = self._post(sent)
        if twin is not None:
            twin.result()
        if answer and chance.randrange(100) < AGAIN:
            self._post(sent)
        return answer or None

    def deliver_again(self, count: int, chance: random.Random) -> None:
        """Repeats some messages that were answered, as after an answer that was lost on its way."""
        with self._lock:
            answered = [sent for number, sent in self._sent.items() if self._answers.get(number)]
        list(self._pool.map(self._post, chance.sample(answered, min(count, len(answered)))))

    def contradicted(self) -> set[int]:
        """The messages that got answers of different bytes."""
        with self._lock:
            return {number for number, answers in self._answers.items() if len(answers) > 1}

    def _post(self, sent: _Sent) -> str | None:
        """The answer's text; empty where there is none to be read, None where the delivery failed."""
        timestamp, nonce = str(int(time.time())), str(next(NUMBERS))
        query = {"timestamp": timestamp, "nonce": nonce, "signature": self._crypto.signature(timestamp, nonce)}
        body = sent.body
        if sent.safe:
            encrypted = self._crypto.encrypt(body.decode())
            query |= {
                "encrypt_type": "aes",
                "msg_signature": self._crypto.signature(timestamp, nonce, encrypted),
            }
            body = f"<xml><ToUserName>gh_test</ToUserName><Encrypt>{encrypted}</Encrypt></xml>".encode()
        try:
            response = requests.post(self._url, params=query, data=body, timeout=PATIENCE_S)
        except requests.RequestException:
            return None
        if response.status_code != 200:
            return None
        text = self._read(response.text)
        # Who is told that it did not work, or nothing, has no answer: nothing is kept of it.
        if not text or APOLOGY in text:
            return ""
        with self._lock:
            self._sent[sent.number] = sent
            self._answers.setdefault(sent.number, set()).add(response.content)
        return text

    def _read(self, xml: str) -> str:
        found = re.search(r"<Encrypt><!\[CDATA\[(.*?)\]\]></Encrypt>", xml)
        if found:
            xml = self._crypto.decrypt(found[1])
        content = re.search(r"<Content><!\[CDATA\[(.*)\]\]></Content>", xml, re.DOTALL)
        return content[1] if content else ""
