from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlalchemy import Engine

from citizen_bot.platform import database


@pytest.fixture
def owner(database_url: str) -> Iterator[Engine]:
    """An engine that may do anything to the tables."""
    owner = sqlalchemy.create_engine(database.database_url(database_url))
    yield owner
    owner.dispose()
