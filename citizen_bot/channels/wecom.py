"""WeCom's group robot (群机器人): how a group of staff is told of something."""

import json
from typing import Any

import requests

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 8
TEXT_LIMIT = 2048
BUSY = {-1, 45009, 45033}


class WeComError(Exception):
    """WeCom did not take the message. `again`: the same call may succeed later. Never carries the robot's key."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


class GroupRobot:
    """One group robot. `key` is its whole secret."""

    def __init__(self, base_url: str, key: str) -> None:
        self._url = f"{base_url}/cgi-bin/webhook/send"
        self._key = key

    def send_text(self, text: str) -> None:
        """Sends `text`, cut to 2,048 bytes. Raises WeComError.

        There is no idempotency key: after a time-out the message may have been delivered all the same.
        """
        content = text.encode()[:TEXT_LIMIT].decode(errors="ignore")
        body = json.dumps({"msgtype": "text", "text": {"content": content}}, ensure_ascii=False).encode()
        try:
            answer = requests.post(
                self._url,
                params={"key": self._key},
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
            )
            code = _error_code(answer)
        except (requests.RequestException, ValueError) as error:
            # The exception's text holds the address with the key: only its kind may be told.
            raise WeComError(type(error).__name__, again=True) from None
        if code != 0:
            raise WeComError(f"errcode {code}", again=code in BUSY)


def _error_code(answer: requests.Response) -> int:
    if answer.status_code >= 500:
        return -1
    content: Any = answer.json()
    return int(content.get("errcode", 0))
