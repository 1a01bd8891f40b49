"""`citizen-bot catalog`: check the guides and publish them."""

import getpass
import json
import os
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from citizen_bot.catalog import check as checks
from citizen_bot.catalog import loader, store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.platform.clock import SHANGHAI, SystemClock
from citizen_bot.platform.database import create_engine
from citizen_bot.settings import Settings

GUIDES = click.option(
    "--guides",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The catalogue's folder; GUIDES_DIR by default.",
)


@click.group()
def catalog() -> None:
    """Check the guides and publish them."""


@catalog.command()
@GUIDES
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines.")
@click.option("-v", "--verbose", is_flag=True, help="Name every unreviewed guide.")
def check(guides: Path | None, as_json: bool, verbose: bool) -> None:
    """Tell every fault (exit code 1) and warning (exit code 0) of the guides."""
    report = checks.check(
        guides or Settings.from_environment(os.environ).guides_dir,
        today=SystemClock().now().astimezone(SHANGHAI).date(),
    )
    if as_json:
        click.echo(json.dumps(_plain(report), ensure_ascii=False))
    else:
        _print(report, verbose)
    if report.faults:
        raise SystemExit(1)


@catalog.command()
@GUIDES
@click.option("--database-url", help="The database; DATABASE_URL or that of a running `citizen-bot up` by default.")
def publish(guides: Path | None, database_url: str | None) -> None:
    """Publish the guides, so that every process tells from them within seconds. Faulty ones are not published."""
    settings = Settings.from_environment(os.environ)
    loaded = loader.load(guides or settings.guides_dir)
    try:
        changed = _publish(database_url or _database_url(settings), loaded)
    except SQLAlchemyError as error:
        raise click.ClickException(f"cannot publish: {_first_line(error)}") from error
    click.echo(loaded.hash)
    click.echo("published" if changed else "already the current one", err=True)


def _print(report: checks.Report, verbose: bool) -> None:
    for fault in report.faults:
        click.echo(str(fault))
    for warning in report.warnings:
        click.echo(f"提醒 {warning}")
    if report.drafts:
        click.echo(f"提醒 有 {len(report.drafts)} 个事项还没有复核（review.state 是 draft）")
    for draft in report.drafts if verbose else ():
        click.echo(f"  {draft}")
    warnings = len(report.warnings) + bool(report.drafts)
    click.echo(f"共 {report.guides} 个事项，{len(report.faults)} 处错误，{warnings} 条提醒")


def _plain(report: checks.Report) -> dict[str, object]:
    return {
        "guides": report.guides,
        "hash": report.catalogue and report.catalogue.hash,
        "faults": [asdict(fault) for fault in report.faults],
        "warnings": [asdict(warning) for warning in report.warnings],
        "drafts": report.drafts,
    }


def _publish(database_url: str, catalogue: Catalogue) -> bool:
    engine = create_engine(database_url)
    try:
        with engine.begin() as connection:
            return store.publish(connection, catalogue, by=_user(), at=SystemClock().now())
    finally:
        engine.dispose()


def _database_url(settings: Settings) -> str:
    """The database of the settings, or the one that a running `citizen-bot up` has written down."""
    if settings.database_url is not None:
        return settings.database_url
    try:
        return (settings.home / "run" / "database-url").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        message = f"no database: set DATABASE_URL, or start `citizen-bot up` (nothing runs in {settings.home})"
        raise click.ClickException(message) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _first_line(error: SQLAlchemyError) -> str:
    """The database's own words, without the statement."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).splitlines() or [type(error).__name__])[0]
