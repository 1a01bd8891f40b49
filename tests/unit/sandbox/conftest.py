from datetime import UTC, datetime

import pytest
import requests
from fake_client import APP, MINI, MINI_OPENID, OPENID, Fake

from citizen_bot.platform.clock import FixedClock
from citizen_bot.sandbox import AppAdapter, create_fake
from citizen_bot.sandbox.state import FakeState


@pytest.fixture
def fake() -> Fake:
    state = FakeState(apps={APP: "secret-of-the-account", MINI: "secret-of-the-mini"})
    state.meet(OPENID, APP, "居民")
    state.meet(MINI_OPENID, MINI, "居民")
    clock = FixedClock(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    session = requests.Session()
    session.mount("http://fake.test", AppAdapter(create_fake(state, clock)))
    return Fake(state, clock, session)
