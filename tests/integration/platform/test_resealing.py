"""Keys of personal data can be changed while nothing is lost."""

from click.testing import CliRunner
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from citizen_bot.cli import main
from citizen_bot.platform.privacy import Privacy

OLDEST, OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(4))


def _fill(engine: Engine, privacy: Privacy, count: int) -> None:
    row = text(
        "INSERT INTO residents (lookup, account, openid_sealed, first_message_at, last_message_at)"
        " VALUES (:lookup, 'wx', :sealed, now(), now())"
    )
    with engine.begin() as connection:
        for number in range(count):
            openid = f"o{number}"
            connection.execute(row, {"lookup": privacy.index("wx", openid), "sealed": privacy.seal(openid)})


def _reseal(database_url: str, keys: tuple[str, ...]) -> tuple[int, str]:
    environment = {"DATABASE_URL": database_url, "PRIVACY_KEYS": ",".join(keys)}
    result = CliRunner().invoke(main, ["privacy", "reseal"], env=environment)
    return result.exit_code, result.output


def _openids(engine: Engine, privacy: Privacy) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT openid_sealed FROM residents ORDER BY id"))
        return [privacy.open(row.openid_sealed) for row in rows]


def test_everything_is_sealed_under_the_new_key_and_the_one_between_is_not_needed_any_more(
    engine: Engine, database_url: str
) -> None:
    before = Privacy((OLD, OLDEST))
    _fill(engine, before, 700)
    code, told = _reseal(database_url, (NEW, OLD, OLDEST))
    assert code == 0
    assert "residents.openid_sealed 700" in told
    after = Privacy((NEW, OLDEST))
    assert _openids(engine, after) == [f"o{number}" for number in range(700)]
    assert after.index("wx", "o1") == before.index("wx", "o1"), "who was known is still found"
    assert "residents.openid_sealed 0" in _reseal(database_url, (NEW, OLDEST))[1]


def test_a_missing_key_is_told_and_nothing_is_spoiled(engine: Engine, database_url: str) -> None:
    privacy = Privacy((FOREIGN,))
    _fill(engine, privacy, 3)
    code, told = _reseal(database_url, (NEW, OLDEST))
    assert code == 1
    assert "PRIVACY_KEYS lacks a key" in told
    assert _openids(engine, privacy) == ["o0", "o1", "o2"]


def test_every_sealed_column_has_a_table_with_an_id(engine: Engine) -> None:
    query = (
        "SELECT c.table_name FROM information_schema.columns c WHERE c.column_name LIKE '%\\_sealed'"
        " AND NOT EXISTS (SELECT FROM information_schema.columns i"
        " WHERE i.table_name = c.table_name AND i.column_name = 'id')"
    )
    with engine.connect() as connection:
        assert connection.execute(text(query)).all() == []
