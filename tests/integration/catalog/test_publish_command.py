import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from citizen_bot.catalog import store
from citizen_bot.catalog.loader import load
from citizen_bot.cli import main
from citizen_bot.settings import data_folder


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("CITIZEN_BOT_HOME", str(tmp_path / "home"))


def publish(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["catalog", "publish", *arguments])


def current(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return store.current_hash(connection)


def test_publishing_prints_the_hash_and_may_be_repeated(engine: Engine, database_url: str) -> None:
    expected = load(data_folder("guides")).hash

    for _ in range(2):
        result = publish("--database-url", database_url)
        assert (result.exit_code, result.stdout) == (0, f"{expected}\n")

    assert current(engine) == expected
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM catalogue_versions")) == 1


def test_a_faulty_catalogue_is_not_published(engine: Engine, database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "guides"
    shutil.copytree(data_folder("guides") / "places", folder / "places")
    (folder / "残联").mkdir()
    (folder / "残联" / "x.yaml").write_text("id: y\n", encoding="utf-8")

    result = publish("--guides", str(folder), "--database-url", database_url)

    assert result.exit_code == 1
    assert "guides/残联/x.yaml:1 id：应和文件名一样，是“x”，现在是“y”" in result.stderr.splitlines()
    assert current(engine) is None


def test_the_database_of_a_running_service_is_found(engine: Engine, database_url: str, tmp_path: Path) -> None:
    run = tmp_path / "home" / "run"
    run.mkdir(parents=True)
    (run / "database-url").write_text(database_url + "\n", encoding="utf-8")

    assert publish().exit_code == 0
    assert current(engine) is not None


def test_no_database_is_one_clear_sentence() -> None:
    result = publish()

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "DATABASE_URL" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "no url"])
def test_a_database_that_cannot_be_used_is_one_clear_sentence(url: str) -> None:
    result = publish("--database-url", url)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: cannot publish")
