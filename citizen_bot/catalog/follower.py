"""Each process's way to the current catalogue: a thread that follows the pointer in the database."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.catalog.snapshot import SnapshotError

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Follower(Generic[T]):
    """Keeps what `build` makes of the current catalogue, ready for any thread.

    A new version is loaded, checked and built aside and then put in place with one assignment: who took `current`
    before goes on with the old one to the end of the turn, so no message is lost by a switch. A version that cannot
    be loaded or built is refused, and a lost database is waited for; the old one goes on in both.

    Start it after a fork: threads do not survive one.
    """

    def __init__(
        self,
        engine: Engine,
        build: Callable[[Catalogue], T],
        initial: tuple[str, T] | None = None,
        interval: float = 2.0,
    ) -> None:
        """`initial` is a version's hash and what was built of it; `interval` is in seconds."""
        self._engine = engine
        self._build = build
        self._state = initial
        self._interval = interval
        self._refused: set[str] = set()
        self._lost = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="catalogue-follower", daemon=True)

    @property
    def current(self) -> T:
        """Never waits. Raises LookupError while there has been no catalogue yet."""
        if self._state is None:
            raise LookupError("no catalogue has been published yet")
        return self._state[1]

    @property
    def hash(self) -> str | None:
        """The hash of what `current` was built of."""
        state = self._state
        return state[0] if state else None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; waits for it as long as the database may take to answer."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def poll(self) -> bool:
        """Looks once, as the thread does at every interval. True when another version was put in place."""
        catalogue = None
        try:
            with self._engine.connect() as connection:
                version = store.current_hash(connection)
                if version is not None and version != self.hash and version not in self._refused:
                    catalogue = self._load(connection, version)
        except SQLAlchemyError as error:
            if not self._lost:
                log.error("catalogue not followed: the database does not answer", error=type(error).__name__)
            self._lost = True
            return False
        if self._lost:
            log.info("catalogue followed again")
        self._lost = False
        return catalogue is not None and self._switch(catalogue)

    def _load(self, connection: Connection, version: str) -> Catalogue | None:
        try:
            return store.load(connection, version)
        except (store.UnknownVersion, SnapshotError) as error:
            self._refuse(version, error)
            return None

    def _switch(self, catalogue: Catalogue) -> bool:
        try:
            built = self._build(catalogue)
        except Exception as error:
            self._refuse(catalogue.hash, error)
            return False
        self._state = (catalogue.hash, built)
        log.info("catalogue switched", hash=catalogue.hash, guides=len(catalogue.guides))
        return True

    def _refuse(self, version: str, error: Exception) -> None:
        self._refused.add(version)
        log.error("catalogue refused, the one before goes on", hash=version, going_on=self.hash, exc_info=error)

    def _follow(self) -> None:
        while not self._stopping.wait(self._interval):
            self.poll()
