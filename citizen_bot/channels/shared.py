"""What the processes that call one API tell each other: its access token, and that it is off for a while."""

import json
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from redis import Redis
from redis.exceptions import LockError, RedisError

from citizen_bot.platform.clock import Clock

# Longer than any call under it may last, see http.py: who dies with the lock keeps the others waiting for so long.
LOCK_S = 30
# A Redis that does not answer costs a second each time it is asked: not again at once.
AWAY_S = 5


class Note(NamedTuple):
    text: str
    left_s: float


class Shared:
    """Short-lived texts by name, in Redis; in this process alone for as long as Redis cannot take them.

    `prefix` tells one API's from another's. Nothing here raises for a Redis that is gone, slow, full or emptied: then
    less is remembered. May be used by several threads.
    """

    def __init__(self, redis: Redis | None, clock: Clock, prefix: str) -> None:
        self.prefix = prefix
        self._redis = redis
        self._clock = clock
        self._alone: dict[str, str] = {}
        self._turn = threading.Lock()
        self._away_until = 0.0

    def get(self, name: str) -> Note | None:
        """What was put there and is still good, with the seconds that it stays so."""
        key = self._key(name)
        found = None
        with self._redis_or_none() as redis:
            found = redis.get(key) if redis else None
        return self._unpack(found) or self._unpack(self._alone.get(key))

    def put(self, name: str, text: str, seconds: float) -> None:
        key = self._key(name)
        packed = json.dumps([self._clock.now().timestamp() + seconds, text])
        self._alone[key] = packed
        with self._redis_or_none() as redis:
            # Redis decides when to forget by its own time; what is still good is decided by ours.
            if redis and redis.set(key, packed, px=max(1, math.ceil(seconds * 1000))):
                self._alone.pop(key, None)

    @contextmanager
    def turn(self, name: str, patience_s: float) -> Iterator[None]:
        """One caller at a time, over all processes. Who has waited for `patience_s` seconds goes in all the same."""
        if not self._turn.acquire(timeout=patience_s):
            yield
            return
        try:
            with self._lock(name, patience_s):
                yield
        finally:
            self._turn.release()

    @contextmanager
    def _lock(self, name: str, patience_s: float) -> Iterator[None]:
        held = None
        with self._redis_or_none() as redis:
            if redis:
                lock = redis.lock(f"{self._key(name)}:lock", timeout=LOCK_S, blocking_timeout=patience_s)
                held = lock if lock.acquire() else None
        try:
            yield
        finally:
            with self._redis_or_none() as redis:
                if redis and held:
                    held.release()

    @contextmanager
    def _redis_or_none(self) -> Iterator[Redis | None]:
        """Redis, unless it failed a moment ago; a failure ends the block without an error."""
        try:
            yield self._redis if time.monotonic() >= self._away_until else None
        except LockError:
            # It is somebody else's by now, which says nothing of Redis.
            pass
        except RedisError:
            self._away_until = time.monotonic() + AWAY_S

    def _key(self, name: str) -> str:
        return f"channels:{self.prefix}:{name}"

    def _unpack(self, packed: object) -> Note | None:
        if not isinstance(packed, str):
            return None
        until, text = json.loads(packed)
        left = until - self._clock.now().timestamp()
        return Note(text, left) if left > 0 else None
