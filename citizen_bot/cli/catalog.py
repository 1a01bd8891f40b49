"""`citizen-bot catalog`: check the guides, count them, take them to the office and back, and publish them.

What only one command needs is imported when it is called.
"""

import json
import os
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from citizen_bot.catalog import check as checks
from citizen_bot.catalog import loader, store
from citizen_bot.cli.database import DATABASE, transaction, user
from citizen_bot.documents import Fault, FaultyFiles
from citizen_bot.platform.clock import SHANGHAI, SystemClock
from citizen_bot.settings import Settings

GUIDES = click.option(
    "--guides",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The catalogue's folder; GUIDES_DIR by default.",
)

WORKBOOK = click.Path(dir_okay=False, path_type=Path)


@click.group()
def catalog() -> None:
    """Check, count, export, import and publish the guides."""


@catalog.command()
@GUIDES
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines.")
@click.option("-v", "--verbose", is_flag=True, help="Name every unreviewed guide.")
def check(guides: Path | None, as_json: bool, verbose: bool) -> None:
    """Tell every fault (exit code 1) and warning (exit code 0) of the guides."""
    report = checks.check(_folder(guides), today=_today())
    if as_json:
        click.echo(json.dumps(_plain(report), ensure_ascii=False))
    else:
        _print(report, verbose)
    if report.faults:
        raise SystemExit(1)


@catalog.command()
@GUIDES
@DATABASE
def publish(guides: Path | None, database_url: str | None) -> None:
    """Publish the guides, so that every process tells from them within seconds. Faulty ones are not published."""
    settings = Settings.from_environment(os.environ)
    loaded = loader.load(guides or settings.guides_dir)
    with transaction(settings, database_url, "publish") as connection:
        changed = store.publish(connection, loaded, by=user(), at=SystemClock().now())
    click.echo(loaded.hash)
    click.echo("published" if changed else "already the current one", err=True)


@catalog.command()
@GUIDES
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of tables.")
def stats(guides: Path | None, as_json: bool) -> None:
    """Count the items: by department, level, window, kind, visits, confidence and review."""
    from citizen_bot.catalog import stats as counting

    found = counting.stats(loader.load(_folder(guides)))
    click.echo(json.dumps(asdict(found), ensure_ascii=False) if as_json else counting.table(found))


@catalog.command()
@click.argument("file", type=WORKBOOK)
@GUIDES
def export(file: Path, guides: Path | None) -> None:
    """Write the guides into the workbook FILE.xlsx, for the office to check and to mark."""
    from citizen_bot.catalog import workbook

    if file.suffix.lower() != ".xlsx":
        raise FaultyFiles([Fault(file.name, None, "", "文件名应以 .xlsx 结尾")])
    loaded = loader.load(_folder(guides))
    try:
        workbook.export(loaded, file)
    except OSError as error:
        message = f"写不了这个文件（{error.strerror or error}）"
        raise FaultyFiles([Fault(file.name, None, "", message)]) from error
    click.echo(f"已导出 {len(loaded.guides)} 个事项", err=True)


@catalog.command("import")
@click.argument("file", type=WORKBOOK)
@GUIDES
@click.option("--write", is_flag=True, help="Write the changes; without it they are only shown.")
def import_(file: Path, guides: Path | None, write: bool) -> None:
    """Show what the marks in the workbook FILE.xlsx change in the guides, as a diff, and with --write change them.

    With any fault nothing is changed (exit code 1).
    """
    from citizen_bot.catalog import workbook

    plan = workbook.plan(_folder(guides), workbook.read(file), today=_today())
    if write:
        try:
            plan.write()
        except OSError as error:
            message = f"写不了（{error.strerror or error}）"
            raise FaultyFiles([Fault(str(error.filename or file.name), None, "", message)]) from error
    click.echo(plan.diff(), nl=False)
    told = f"{len(plan.files)} 个事项改了，{plan.corrections} 处更正，{plan.reviews} 条复核"
    preview = bool(plan.files) and not write
    click.echo(f"{told}（只是看看，还没有写；写进去请加 --write）" if preview else told, err=True)


def _folder(guides: Path | None) -> Path:
    return guides or Settings.from_environment(os.environ).guides_dir


def _today() -> date:
    return SystemClock().now().astimezone(SHANGHAI).date()


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
