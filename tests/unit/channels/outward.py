"""The fake on a clock that the test moves, and clients of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests
from redis import Redis

from citizen_bot.channels.errors import ChannelError
from citizen_bot.channels.wechat import OfficialAccount
from citizen_bot.channels.wecom import Application, GroupRobot
from citizen_bot.platform.clock import FixedClock
from citizen_bot.sandbox.allowances import allow
from citizen_bot.sandbox.state import Call, FakeState

BASE = "http://fake.test"
APP, SECRET = "wx1a2b3c4d5e6f7a8b", "secret-of-the-account"
CORP, AGENT, CORP_SECRET = "ww1", 1000002, "secret-of-the-application"
OPENID = "oABCD1234567890abcdefghijklm"
ROBOT = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
CUSTOM = "/cgi-bin/message/custom/send"
TOKEN = "/cgi-bin/stable_token"
SEND = "/wecom/cgi-bin/message/send"
WEBHOOK = "/wecom/cgi-bin/webhook/send"


@dataclass
class Outward:
    """`account`, `application` and `robot` make new clients, as another process would have them."""

    state: FakeState
    clock: FixedClock
    session: requests.Session
    redis: Redis

    def wait(self, seconds: float) -> None:
        self.clock.instant += timedelta(seconds=seconds)

    def account(self, redis: Redis | None = None, secret: str = SECRET) -> OfficialAccount:
        return OfficialAccount(BASE, APP, secret, redis or self.redis, clock=self.clock, session=self.session)

    def application(self, secret: str = CORP_SECRET) -> Application:
        return Application(f"{BASE}/wecom", CORP, AGENT, secret, self.redis, clock=self.clock, session=self.session)

    def robot(self, key: str = ROBOT) -> GroupRobot:
        return GroupRobot(f"{BASE}/wecom", key, self.redis, clock=self.clock, session=self.session)

    def wrote(self) -> None:
        """The resident has just written: five messages are allowed."""
        allow(self.state, OPENID, "message", self.clock.now().timestamp())

    def calls(self, path: str = "") -> list[Call]:
        return [call for call in self.state.calls if call["path"] == path or not path]

    def told(self) -> list[str]:
        """What the resident reads."""
        return [entry["text"] for entry in self.state.chats.get(OPENID, [])]


def error_of(send: Any, *arguments: Any, **named: Any) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        send(*arguments, **named)
    return caught.value
