"""Offices with the shipped catalogue, and residents who write to them."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine

from citizen_bot.platform.clock import FixedClock
from tests.integration.dialogue.conversing import MONDAY_TEN, MakeTurns, Resident

NewResident = Callable[..., Resident]


@pytest.fixture
def database_url(emptied_database: str) -> str:
    return emptied_database


@pytest.fixture
def new_resident(engine: Engine, make_turns: MakeTurns) -> NewResident:
    """Residents of one office; each has a time of their own."""

    def new(openid: str = "oSomebody", *, at: datetime = MONDAY_TEN) -> Resident:
        clock = FixedClock(at)
        return Resident(make_turns(engine, clock), clock, openid)

    return new


@pytest.fixture
def resident(new_resident: NewResident) -> Resident:
    return new_resident()
