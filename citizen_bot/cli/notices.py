"""`citizen-bot notices`: look a told notice up, and issue one at the window."""

import json
import os
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import click
from sqlalchemy import Connection

from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue, Guide
from citizen_bot.cli.counter import published
from citizen_bot.cli.database import DATABASE, transaction, user
from citizen_bot.notices import service
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.notices.notice import KINDS as notice_kinds
from citizen_bot.notices.notice import Kind, Notice
from citizen_bot.notices.text import Section, lay_out
from citizen_bot.notifications import service as notifications
from citizen_bot.platform.clock import SHANGHAI, SystemClock
from citizen_bot.platform.numbers import read_number, spell_number
from citizen_bot.platform.privacy import Privacy
from citizen_bot.settings import Settings, data_folder
from citizen_bot.wordings import load_wordings

# As they are typed.
KINDS: Mapping[str, Kind] = {kind.replace("_", "-"): kind for kind in notice_kinds}
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group()
def notices() -> None:
    """Look up notices that were told, and issue them at the window."""


@notices.command()
@click.argument("number")
@JSON
@DATABASE
def show(number: str, as_json: bool, database_url: str | None) -> None:
    """Show the notice NUMBER as it was told."""
    settings = Settings.from_environment(os.environ)
    told_number = _number(number)
    with transaction(settings, database_url, "look the notice up") as connection:
        told = service.find(connection, Privacy(settings.privacy_keys), told_number)
        if told is None:
            raise click.ClickException(f"没有编号 {number} 的告知")
        catalogue = store.load(connection, told.catalogue_hash)
    _tell(told, catalogue, settings, as_json)


@notices.command()
@click.argument("item")
@click.option("--kind", type=click.Choice(list(KINDS)), default="application", show_default=True)
@click.option("--answer", "answers", multiple=True, metavar="SITUATION=ANSWER", help="What is known of the person.")
@click.option("--reason", help="Why the person is not eligible.")
@click.option("--remedy", help="What the person can do then.")
@click.option("--refusal", type=click.IntRange(min=1), help="Reason and remedy number N of the guide's own.")
@click.option("--missing", multiple=True, help="A paper that is missing: its name in the guide, or plain words.")
@click.option("--by", "due", type=click.DateTime(["%Y-%m-%d"]), help="The day by which it is to be handed in.")
@click.option("--to", "earlier", metavar="NUMBER", help="A notice that the same resident was told before.")
@JSON
@DATABASE
def issue(
    item: str,
    kind: str,
    answers: tuple[str, ...],
    reason: str | None,
    remedy: str | None,
    refusal: int | None,
    missing: tuple[str, ...],
    due: datetime | None,
    earlier: str | None,
    as_json: bool,
    database_url: str | None,
) -> None:
    """Issue a notice on ITEM out of the published guides, and print it. Who was told before gets it in WeChat too."""
    settings = Settings.from_environment(os.environ)
    now = SystemClock().now()
    privacy = Privacy(settings.privacy_keys)
    with transaction(settings, database_url, "issue the notice") as connection:
        catalogue = published(connection)
        guide = catalogue.guides.get(item)
        if guide is None:
            raise click.ClickException(f"没有“{item}”这个事项")
        if refusal is not None:
            reason, remedy = _own_refusal(guide, refusal)
        notice = Notice(
            KINDS[kind],
            guide.id,
            _answers(guide, answers),
            _text(reason),
            _text(remedy),
            tuple(text for paper in missing if (text := _text(paper))),
            due.date() if due else None,
        )
        _check(notice, now.astimezone(SHANGHAI).date())
        resident_id = None if earlier is None else _resident_of(connection, privacy, earlier)
        number = service.tell(
            connection, privacy, notice, catalogue_hash=catalogue.hash, resident_id=resident_id, at=now, told_by=user()
        )
        told = service.find(connection, privacy, number)
        if resident_id is not None:
            to = [notifications.Recipient("resident", resident_id)]
            notifications.tell(connection, service.ISSUED, number, to, occasion="issued", at=now)
    if told is not None:
        _tell(told, catalogue, settings, as_json)


def _check(notice: Notice, today: date) -> None:
    """Raises click.UsageError for what the kind lacks, or has and may not have."""
    refused, supplement = notice.kind == "not_eligible", notice.kind == "supplement"
    if refused and not (notice.reason and notice.remedy):
        raise click.UsageError("办不了的告知要写 --reason（为什么）和 --remedy（可以怎么办），或用 --refusal N")
    if not refused and (notice.reason or notice.remedy):
        raise click.UsageError("--reason、--remedy、--refusal 只用于 --kind not-eligible")
    if supplement and not (notice.missing and notice.due):
        raise click.UsageError("补正告知要写 --missing（缺什么，可以写几次）和 --by（什么时候前补）")
    if not supplement and (notice.missing or notice.due):
        raise click.UsageError("--missing 和 --by 只用于 --kind supplement")
    if notice.due is not None and notice.due < today:
        raise click.UsageError(f"--by {notice.due} 已经过了")


def _own_refusal(guide: Guide, number: int) -> tuple[str, str]:
    if number > len(guide.refusals):
        lines = [f"{n}. {own.reason}：{own.remedy}" for n, own in enumerate(guide.refusals, 1)]
        raise click.UsageError("\n".join(["指南里写的办不成的原因：", *lines]))
    own = guide.refusals[number - 1]
    return own.reason, own.remedy


def _answers(guide: Guide, given: tuple[str, ...]) -> dict[str, str]:
    choices = {situation.id: situation.choices for situation in guide.situations}
    answers = {}
    for pair in given:
        situation, _, answer = pair.partition("=")
        if answer not in choices.get(situation, {}):
            known = "、".join(f"{s}={'|'.join(options)}" for s, options in choices.items())
            raise click.UsageError(f"--answer {pair} 不对，可以写：{known or '（这个事项没有情形）'}")
        answers[situation] = answer
    return answers


def _resident_of(connection: Connection, privacy: Privacy, earlier: str) -> int:
    told = service.find(connection, privacy, _number(earlier))
    if told is None or told.resident_id is None:
        raise click.ClickException(f"编号 {earlier} 的告知没有对应的居民")
    return told.resident_id


def _number(text: str) -> int:
    number = read_number(text)
    if number is None:
        raise click.ClickException(f"“{text}”不是告知编号，请再核对一遍数字")
    return number


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None


def _tell(told: service.Told, catalogue: Catalogue, settings: Settings, as_json: bool) -> None:
    say = load_wordings(settings.intents_dir, data_folder("intents"))
    shown = lay_out(catalogue, told.notice, say)
    page = NoticeLinks(settings.secret_key, settings.public_url).of_number(told.number)
    if as_json:
        click.echo(json.dumps(_plain(told, page, shown.sections), ensure_ascii=False))
        return
    click.echo(f"告知编号 {spell_number(told.number)}  {shown.title}")
    click.echo(
        f"第一次告知 {_moment(told.first_told_at)}，最近一次 {_moment(told.last_told_at)}，共 {told.times_told} 次"
    )
    click.echo(f"由{told.told_by or '公众号'}告知，指南版本 {told.catalogue_hash[:12]}")
    for section in shown.sections:
        click.echo(f"\n{section.heading}")
        for line in section.lines:
            click.echo(f"  {line}")
    if shown.caution:
        click.echo(f"\n{shown.caution}")
    click.echo(f"\n手机页 {page}\n打印   {page}/print")


def _plain(told: service.Told, page: str, shown: tuple[Section, ...]) -> dict[str, Any]:
    notice = told.notice
    return {
        "number": spell_number(told.number),
        "kind": notice.kind,
        "subject": notice.subject,
        "answers": dict(notice.answers),
        "reason": notice.reason,
        "remedy": notice.remedy,
        "missing": notice.missing,
        "due": notice.due and notice.due.isoformat(),
        "catalogue_hash": told.catalogue_hash,
        "told_by": told.told_by,
        "first_told_at": told.first_told_at.isoformat(),
        "last_told_at": told.last_told_at.isoformat(),
        "times_told": told.times_told,
        "sections": {section.heading: section.lines for section in shown},
        "page": page,
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
