"""Published catalogues in the database: every version under its hash, for ever, and a pointer to the current one.

The functions work in the caller's transaction and never commit.
"""

import zlib
from datetime import datetime

from sqlalchemy import Boolean, Connection, DateTime, LargeBinary, Text, column, select, table
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.catalog import snapshot
from citizen_bot.catalog.model import Catalogue
from citizen_bot.catalog.snapshot import SnapshotError

_versions = table(
    "catalogue_versions",
    column("hash", Text),
    column("content", LargeBinary),
    column("published_at", DateTime(timezone=True)),
    column("published_by", Text),
)
_current = table(
    "catalogue_current",
    column("only", Boolean),
    column("hash", Text),
    column("changed_at", DateTime(timezone=True)),
)


class UnknownVersion(LookupError):
    """No catalogue was published under this hash."""


def publish(connection: Connection, catalogue: Catalogue, *, by: str, at: datetime) -> bool:
    """Makes `catalogue` the current one. False when it already is.

    Two processes may publish at once: the second waits for the first, and the last to commit is current. Publishing a
    version of before again moves the pointer back to it.
    """
    connection.execute(
        insert(_versions)
        .values(
            hash=catalogue.hash,
            content=zlib.compress(snapshot.dumps(catalogue)),
            published_at=at,
            published_by=by,
        )
        .on_conflict_do_nothing(index_elements=["hash"])
    )
    moved = connection.execute(
        insert(_current)
        .values(only=True, hash=catalogue.hash, changed_at=at)
        .on_conflict_do_update(
            index_elements=["only"],
            set_={"hash": catalogue.hash, "changed_at": at},
            where=_current.c.hash != catalogue.hash,
        )
        .returning(_current.c.hash)
    )
    return moved.first() is not None


def current_hash(connection: Connection) -> str | None:
    """The current version's hash, None before the first was published."""
    return connection.execute(select(_current.c.hash)).scalar()


def find_hash(connection: Connection, prefix: str) -> str | None:
    """The whole hash of the one version that begins with `prefix`; None where there is none or more than one."""
    matching = select(_versions.c.hash).where(_versions.c.hash.startswith(prefix, autoescape=True)).limit(2)
    found = connection.execute(matching).scalars().all()
    return found[0] if len(found) == 1 else None


def load(connection: Connection, version: str) -> Catalogue:
    """The catalogue that was published under the hash `version`, checked against it.

    Raises UnknownVersion, and SnapshotError where the stored bytes are damaged or of another format.
    """
    stored = connection.execute(select(_versions.c.content).where(_versions.c.hash == version)).scalar()
    if stored is None:
        raise UnknownVersion(version)
    try:
        content = zlib.decompress(stored)
    except zlib.error as error:
        raise SnapshotError(f"the stored catalogue {version} is damaged: {error}") from error
    if snapshot.hash_of(content) != version:
        raise SnapshotError(f"the stored catalogue {version} is damaged: its content has another hash")
    return snapshot.loads(content)
