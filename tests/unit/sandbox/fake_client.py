"""A client of the fake for these tests."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import requests

from citizen_bot.platform.clock import FixedClock
from citizen_bot.sandbox.state import FakeState

APP = "wx1a2b3c4d5e6f7a8b"
MINI = "wx00ffeeddccbbaa99"
OPENID = "oABCD1234567890abcdefghijklm"
MINI_OPENID = "oMINI1234567890abcdefghijklm"


@dataclass
class Fake:
    """The fake with a client in process, on a clock that the test moves."""

    state: FakeState
    clock: FixedClock
    session: requests.Session
    base: str = "http://fake.test"
    tokens: dict[str, str] = field(default_factory=dict)

    def wait(self, seconds: float) -> None:
        self.clock.instant += timedelta(seconds=seconds)

    def get(self, path: str, **query: str) -> requests.Response:
        return self.session.get(self.base + path, params=query, allow_redirects=False, timeout=5)

    def post(self, path: str, data: Any, **query: str) -> requests.Response:
        body = json.dumps(data, ensure_ascii=False).encode()
        return self.session.post(self.base + path, params=query, data=body, timeout=5)

    def token(self, app: str = APP) -> str:
        if app not in self.tokens:
            body = {"grant_type": "client_credential", "appid": app, "secret": self.state.apps[app]}
            self.tokens[app] = self.post("/cgi-bin/stable_token", body).json()["access_token"]
        return self.tokens[app]

    def call(self, path: str, data: Any, app: str = APP) -> dict[str, Any]:
        answer: dict[str, Any] = self.post(path, data, access_token=self.token(app)).json()
        return answer

    def code(self, path: str, data: Any, app: str = APP) -> int:
        return int(self.call(path, data, app)["errcode"])
