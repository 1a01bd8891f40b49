"""What every address of the fake is made of: a request, an answer, a refusal with Tencent's errcode."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from citizen_bot.sandbox.state import FakeState, Token

MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40035: "invalid parameter",
    40037: "invalid template_id",
    40058: "invalid Request Parameter",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45080: "client msg send status error",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    61010: "code is expired",
    81013: "user & party & tag all invalid",
    93000: "invalid webhook url",
    301002: "not allow operate another agent with this accesstoken",
}


class Refusal(Exception):
    """An answer with an errcode other than 0. `detail` replaces the usual sentence."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail or MESSAGES.get(code, "error")


@dataclass(frozen=True, slots=True)
class Upload:
    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """`at` is unix seconds. `json` is the parsed object of a POST, `token` the checked access token where one is due.

    `root` is the address under which the fake is reached, `query_names` the parameters' names in their order.
    """

    at: float
    root: str
    query: Mapping[str, str]
    query_names: tuple[str, ...]
    json: dict[str, Any]
    files: Mapping[str, Upload]
    token: Token

    def text(self, name: str, code: int = 40035) -> str:
        """A required text of the JSON object. Raises Refusal(code) without one."""
        return text(self.json, name, code)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a JSON object, or `body` as it is."""

    json: dict[str, Any] | None = None
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if self.json is None else json.dumps(self.json, ensure_ascii=False).encode()


OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`takes`: what a POST carries. `guard`: whose access token it needs. `plain_text`: JSON, but labelled text."""

    method: Literal["GET", "POST"]
    do: Callable[[FakeState, Request], Answer | dict[str, Any]]
    takes: Literal["json", "file"] = "json"
    guard: Literal["wechat", "wecom", "none"] = "wechat"
    plain_text: bool = False


def text(data: Mapping[str, Any], name: str, code: int = 40035) -> str:
    """`data[name]`, which must be a text that is not empty. Raises Refusal(code) otherwise."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(code, f"{MESSAGES.get(code, 'error')}: {name}")
    return value


def record(data: Mapping[str, Any], name: str, code: int = 40035) -> dict[str, Any]:
    """`data[name]`, which must be an object. Raises Refusal(code) otherwise."""
    value = data.get(name)
    if not isinstance(value, dict):
        raise Refusal(code, f"{MESSAGES.get(code, 'error')}: {name}")
    return value


def records(data: Mapping[str, Any], name: str, code: int = 40035) -> list[dict[str, Any]]:
    """`data[name]`, which must be a list of objects that is not empty. Raises Refusal(code) otherwise."""
    value = data.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise Refusal(code, f"{MESSAGES.get(code, 'error')}: {name}")
    return value


def within(value: str, limit: int, code: int = 45002) -> str:
    """`value` if it has at most `limit` bytes in UTF-8. Raises Refusal(code) otherwise."""
    if len(value.encode()) > limit:
        raise Refusal(code)
    return value
