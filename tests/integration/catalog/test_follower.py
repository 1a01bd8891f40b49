import dataclasses
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from citizen_bot.catalog import snapshot, store
from citizen_bot.catalog.follower import Follower
from citizen_bot.catalog.loader import load
from citizen_bot.catalog.model import Catalogue
from citizen_bot.platform.database import create_engine
from citizen_bot.settings import data_folder

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def versions() -> list[Catalogue]:
    guides = list(load(data_folder("guides")).guides.values())
    return [snapshot.seal([dataclasses.replace(guides[0], fee=f"{number}元")]) for number in range(3)]


@pytest.fixture
def logs() -> Iterator[list[Mapping[str, object]]]:
    with capture_logs() as lines:
        yield lines  # type: ignore[misc]


def fee(catalogue: Catalogue) -> str:
    (guide,) = catalogue.guides.values()
    return guide.fee


def publish(engine: Engine, catalogue: Catalogue) -> None:
    with engine.begin() as connection:
        store.publish(connection, catalogue, by="test", at=AT)


def errors(logs: list[Mapping[str, object]]) -> list[object]:
    return [line["event"] for line in logs if line["log_level"] == "error"]


def test_a_new_version_is_built_and_put_in_place(engine: Engine, versions: list[Catalogue]) -> None:
    follower = Follower(engine, fee, (versions[0].hash, "0元"))
    publish(engine, versions[1])

    assert follower.current == "0元"
    assert follower.poll()
    assert (follower.current, follower.hash) == ("1元", versions[1].hash)
    assert not follower.poll()


def test_without_a_catalogue_there_is_nothing_current(engine: Engine, versions: list[Catalogue]) -> None:
    follower = Follower(engine, fee)

    assert not follower.poll()
    assert follower.hash is None
    with pytest.raises(LookupError):
        _ = follower.current

    publish(engine, versions[0])
    assert follower.poll()
    assert follower.current == "0元"


def test_a_damaged_version_is_refused_once_and_the_old_one_goes_on(
    engine: Engine, versions: list[Catalogue], logs: list[Mapping[str, object]]
) -> None:
    follower = Follower(engine, fee, (versions[0].hash, "0元"))
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO catalogue_versions VALUES ('bad', 'rubbish', now(), 'test')"))
        connection.execute(text("INSERT INTO catalogue_current (hash, changed_at) VALUES ('bad', now())"))

    assert [follower.poll(), follower.poll()] == [False, False]
    assert (follower.current, follower.hash) == ("0元", versions[0].hash)
    assert errors(logs) == ["catalogue refused, the one before goes on"]

    publish(engine, versions[1])
    assert follower.poll()
    assert follower.current == "1元"


def test_a_version_that_cannot_be_built_is_refused_once_and_the_old_one_goes_on(
    engine: Engine, versions: list[Catalogue], logs: list[Mapping[str, object]]
) -> None:
    tried = []

    def build(catalogue: Catalogue) -> str:
        tried.append(fee(catalogue))
        if fee(catalogue) == "1元":
            raise RuntimeError("an alias that the matcher cannot read")
        return fee(catalogue)

    follower = Follower(engine, build, (versions[0].hash, "0元"))
    for version in (versions[1], versions[2], versions[1]):
        publish(engine, version)
        follower.poll()
        follower.poll()

    assert tried == ["1元", "2元"]
    assert follower.current == "2元"
    assert errors(logs) == ["catalogue refused, the one before goes on"]


def test_a_lost_database_is_told_once_and_waited_for(
    engine: Engine, owner: Engine, versions: list[Catalogue], logs: list[Mapping[str, object]]
) -> None:
    follower = Follower(engine, fee, (versions[0].hash, "0元"))
    publish(engine, versions[1])

    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE catalogue_current RENAME TO away"))
    assert [follower.poll(), follower.poll()] == [False, False]
    assert follower.current == "0元"
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO catalogue_current"))

    assert follower.poll()
    assert follower.current == "1元"
    assert errors(logs) == ["catalogue not followed: the database does not answer"]


def test_a_connection_that_the_server_ended_is_made_anew(
    engine: Engine, owner: Engine, versions: list[Catalogue]
) -> None:
    follower = Follower(engine, fee, (versions[0].hash, "0元"))
    publish(engine, versions[1])
    with owner.begin() as connection:
        end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'citizen-bot'"
        assert connection.scalars(text(end_all)).all() == [True]

    assert [follower.poll(), follower.poll()] == [False, True]
    assert follower.current == "1元"


def test_an_unreachable_database_does_not_end_the_following(versions: list[Catalogue]) -> None:
    nowhere = create_engine("postgresql://nobody@127.0.0.1:1/none")
    follower = Follower(nowhere, fee, (versions[0].hash, "0元"))

    assert not follower.poll()
    assert follower.current == "0元"


def test_the_thread_follows_until_it_is_stopped(engine: Engine, versions: list[Catalogue]) -> None:
    built = threading.Event()

    def build(catalogue: Catalogue) -> str:
        built.set()
        return fee(catalogue)

    follower = Follower(engine, build, (versions[0].hash, "0元"), interval=0.01)
    follower.start()
    publish(engine, versions[1])
    assert built.wait(timeout=10)
    follower.stop()
    assert follower.current == "1元"

    publish(engine, versions[2])
    assert follower.current == "1元"
    assert "catalogue-follower" not in {thread.name for thread in threading.enumerate()}


def test_readers_always_see_a_whole_version(engine: Engine, versions: list[Catalogue]) -> None:
    """Threads that read without a pause while versions change: what they hold is one version's, whole."""
    follower = Follower(engine, lambda catalogue: (catalogue.hash, fee(catalogue)))
    publish(engine, versions[0])
    follower.poll()
    whole = {(version.hash, fee(version)) for version in versions}
    done = threading.Event()
    torn: list[object] = []

    def read() -> None:
        while not done.is_set():
            if follower.current not in whole:
                torn.append(follower.current)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for version in [*versions, *versions]:
        publish(engine, version)
        follower.poll()
    done.set()
    for reader in readers:
        reader.join()

    assert torn == []
    assert follower.hash == versions[-1].hash
