import dataclasses
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from citizen_bot.catalog import snapshot, store
from citizen_bot.catalog.loader import load
from citizen_bot.catalog.model import Catalogue
from citizen_bot.settings import data_folder

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def first() -> Catalogue:
    return load(data_folder("guides"))


@pytest.fixture(scope="module")
def second(first: Catalogue) -> Catalogue:
    return snapshot.seal(
        [dataclasses.replace(guide, fee="请以窗口答复为准") for guide in first.guides.values()],
        first.sites.values(),
        first.divisions.values(),
    )


def publish(engine: Engine, catalogue: Catalogue, at: datetime = AT) -> bool:
    with engine.begin() as connection:
        return store.publish(connection, catalogue, by="王科长", at=at)


def current(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return store.current_hash(connection)


def test_nothing_is_current_before_the_first_is_published(engine: Engine) -> None:
    assert current(engine) is None


def test_a_published_catalogue_is_current_and_comes_back_as_it_was(engine: Engine, first: Catalogue) -> None:
    assert publish(engine, first)

    assert current(engine) == first.hash
    with engine.connect() as connection:
        assert store.load(connection, first.hash) == first


def test_publishing_the_current_one_again_changes_nothing(engine: Engine, first: Catalogue) -> None:
    publish(engine, first)

    assert not publish(engine, first, AT + timedelta(days=1))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT published_at, published_by FROM catalogue_versions")).all() == [
            (AT, "王科长")
        ]
        assert connection.scalar(text("SELECT changed_at FROM catalogue_current")) == AT


def test_an_old_version_stays_and_can_be_current_again(engine: Engine, first: Catalogue, second: Catalogue) -> None:
    publish(engine, first)
    publish(engine, second)

    assert current(engine) == second.hash
    with engine.connect() as connection:
        assert store.load(connection, first.hash) == first
    assert publish(engine, first)
    assert current(engine) == first.hash


def test_publishing_that_is_rolled_back_leaves_nothing(engine: Engine, first: Catalogue) -> None:
    with engine.connect() as connection:
        store.publish(connection, first, by="王科长", at=AT)
        connection.rollback()

    assert current(engine) is None


def test_of_many_processes_that_publish_the_same_at_once_one_does_it(engine: Engine, first: Catalogue) -> None:
    together = threading.Barrier(4)

    def at_once(_: int) -> bool:
        with engine.begin() as connection:
            together.wait(timeout=10)
            return store.publish(connection, first, by="release", at=AT)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(at_once, range(4))) == [False, False, False, True]
    assert current(engine) == first.hash


def test_an_unknown_hash_is_told(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(store.UnknownVersion):
        store.load(connection, "0" * 64)


@pytest.mark.parametrize("content", [b"", b"no zlib", zlib.compress(b"{}")])
def test_a_damaged_version_is_refused(engine: Engine, content: bytes) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO catalogue_versions VALUES ('abc', :content, now(), 'test')"), {"content": content}
        )

    with engine.connect() as connection, pytest.raises(snapshot.SnapshotError):
        store.load(connection, "abc")


def test_a_version_is_found_by_the_beginning_of_its_hash(engine: Engine, first: Catalogue, second: Catalogue) -> None:
    publish(engine, first)
    publish(engine, second)

    with engine.connect() as connection:
        assert store.find_hash(connection, first.hash[:12]) == first.hash
        assert store.find_hash(connection, "") is None
        assert store.find_hash(connection, "%") is None
        assert store.find_hash(connection, "zz") is None
