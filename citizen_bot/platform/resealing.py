"""Sealed columns under a new key: what PRIVACY_KEYS' first key has not sealed yet is sealed anew, in small
transactions, while the service runs."""

from collections.abc import Iterator

from sqlalchemy import Engine, text
from sqlalchemy import create_engine as sqlalchemy_engine

from citizen_bot.platform.database import database_url
from citizen_bot.platform.privacy import Privacy

BATCH = 500


def reseal(url: str, privacy: Privacy) -> Iterator[tuple[str, int]]:
    """Goes through every column whose name ends in _sealed; yields `table.column` and how many were sealed anew.

    Works as the owner of the tables: the application itself may not change what was told or happened. Raises
    cryptography.fernet.InvalidToken for a value that no key opens.
    """
    engine = sqlalchemy_engine(database_url(url), hide_parameters=True)
    try:
        for table, column in _sealed_columns(engine):
            yield f"{table}.{column}", _reseal_column(engine, privacy, table, column)
    finally:
        engine.dispose()


def _sealed_columns(engine: Engine) -> list[tuple[str, str]]:
    query = text(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name LIKE '%\\_sealed' ORDER BY 1, 2"
    )
    with engine.connect() as connection:
        return [(row.table_name, row.column_name) for row in connection.execute(query)]


def _reseal_column(engine: Engine, privacy: Privacy, table: str, column: str) -> int:
    """A value that is changed meanwhile is locked or was sealed under the new key already."""
    batch = text(
        f'SELECT id, "{column}" AS sealed FROM "{table}" WHERE id > :after AND "{column}" IS NOT NULL'  # noqa: S608
        " ORDER BY id LIMIT :limit FOR UPDATE"
    )
    change = text(f'UPDATE "{table}" SET "{column}" = :sealed WHERE id = :id')  # noqa: S608 - names from the catalogue
    after, count = -1, 0
    while True:
        with engine.begin() as connection:
            rows = connection.execute(batch, {"after": after, "limit": BATCH}).all()
            stale = [row for row in rows if not privacy.sealed_by_first(row.sealed)]
            for row in stale:
                connection.execute(change, {"sealed": privacy.reseal(row.sealed), "id": row.id})
        count += len(stale)
        if len(rows) < BATCH:
            return count
        after = rows[-1].id
