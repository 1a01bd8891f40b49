import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from citizen_bot.platform.database import retrying

LOCK = text("SELECT pg_advisory_xact_lock(:key)")


def test_of_two_that_wait_for_each_other_one_is_done_again(engine: Engine) -> None:
    meet = threading.Barrier(2)
    tries = []

    def work(connection: Connection, first: int, second: int) -> int:
        connection.execute(LOCK, {"key": first})
        tries.append(first)
        if tries.count(first) == 1:
            meet.wait()
        connection.execute(LOCK, {"key": second})
        return first

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(retrying, engine, lambda connection: work(connection, 1, 2))
        other = threads.submit(retrying, engine, lambda connection: work(connection, 2, 1))
        assert (one.result(), other.result()) == (1, 2)
    assert len(tries) == 3


def test_after_so_many_times_it_is_given_up(engine: Engine) -> None:
    tries = []

    def deadlocked(connection: Connection) -> None:
        tries.append(connection)
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"))

    with pytest.raises(OperationalError):
        retrying(engine, deadlocked, attempts=2)
    assert len(tries) == 2


def test_what_is_wrong_in_another_way_is_not_repeated_and_leaves_nothing(engine: Engine) -> None:
    tries = []

    def broken(connection: Connection) -> None:
        tries.append(connection)
        connection.execute(
            text(
                "INSERT INTO slots (site_code, window_id, starts_at, ends_at, extended)"
                " VALUES ('x', 'y', now(), now() + interval '1 hour', false)"
            )
        )
        raise KeyError

    with pytest.raises(KeyError):
        retrying(engine, broken)
    assert len(tries) == 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM slots")).scalar_one() == 0
