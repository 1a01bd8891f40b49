"""The published catalogue for whoever has a connection at hand: loaded once for each version."""

import threading

from sqlalchemy import Connection

from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue


class NothingPublished(LookupError):
    """The database has no catalogue yet."""


class Published:
    """May be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: Catalogue | None = None

    def __call__(self, connection: Connection) -> Catalogue:
        """Raises NothingPublished, and what store.load raises."""
        version = store.current_hash(connection)
        if version is None:
            raise NothingPublished
        with self._lock:
            if self._loaded is None or self._loaded.hash != version:
                self._loaded = store.load(connection, version)
            return self._loaded
