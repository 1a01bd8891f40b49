from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
from outward import AGENT, APP, BASE, CORP, CORP_SECRET, OPENID, ROBOT, SECRET, Outward
from redis import Redis

from citizen_bot.platform.clock import FixedClock
from citizen_bot.platform.redis import create_redis
from citizen_bot.sandbox import AppAdapter, create_fake
from citizen_bot.sandbox.state import FakeState


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """A real Valkey, empty."""
    client = create_redis(redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def gone() -> Redis:
    """A Redis that is not there."""
    return create_redis("unix:///nowhere/valkey.sock")


@pytest.fixture
def outward(redis: Redis) -> Outward:
    state = FakeState(apps={APP: SECRET}, corps={CORP: {str(AGENT): CORP_SECRET}}, robots={ROBOT: []})
    state.meet(OPENID, APP, "居民")
    clock = FixedClock(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    session = requests.Session()
    session.mount(BASE, AppAdapter(create_fake(state, clock)))
    found = Outward(state, clock, session, redis)
    found.wrote()
    return found
