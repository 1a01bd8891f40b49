"""`citizen-bot notifications`: what was told to whom by which channel, what failed, and which groups are told."""

import json
import os
from dataclasses import asdict
from datetime import datetime

import click

from citizen_bot.cli.database import DATABASE, transaction
from citizen_bot.notifications import endpoints, operating, service
from citizen_bot.platform.clock import SHANGHAI, SystemClock
from citizen_bot.platform.numbers import APPOINTMENT, VISIT
from citizen_bot.platform.privacy import Privacy
from citizen_bot.settings import Settings

STATES = ("open", "told", "waiting", "dropped", "failed")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def notifications() -> None:
    """See what was told to whom, send again what failed, and say which groups are told."""


@notifications.command(name="list")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True, help="The newest so many.")
@JSON
@DATABASE
def list_(state: str | None, limit: int, as_json: bool, database_url: str | None) -> None:
    """List notifications, oldest first, without anything that tells of a person."""
    settings = Settings.from_environment(os.environ)
    with transaction(settings, database_url, "list the notifications") as connection:
        found = operating.listed(connection, state=state, limit=limit)
    for one in found:
        if as_json:
            told = {"code": _code(one.kind, one.subject), **asdict(one)}
            click.echo(json.dumps(told, ensure_ascii=False, default=_plain))
            continue
        channels = "、".join(
            f"{tried.channel} {tried.state}×{tried.attempts}" + (f" ({tried.reason})" if tried.reason else "")
            for tried in one.channels
        )
        created = f"{one.created_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        about = f"{one.kind} {_code(one.kind, one.subject)}"
        click.echo(f"{one.id}  {created}  {about}  {one.recipient}  {one.state}  {channels}")


def _code(kind: str, subject: int) -> str:
    """What the notification is about, as people call it: Y100014, S100014, or the number alone."""
    letter = {"appointment": APPOINTMENT, "visit": VISIT}.get(kind.partition(".")[0])
    return str(subject) if letter is None else letter.spell(subject)


@notifications.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything that has failed.")
@DATABASE
def retry(ids: tuple[int, ...], everything: bool, database_url: str | None) -> None:
    """Send the failed notifications ID again."""
    if bool(ids) == everything:
        raise click.UsageError("name the notifications, or give --all")
    settings = Settings.from_environment(os.environ)
    with transaction(settings, database_url, "send the notifications again") as connection:
        found = operating.retry(connection, None if everything else ids, SystemClock().now())
    _report("sent again", found, ids, "have not failed")


@notifications.command()
@click.argument("ids", nargs=-1, type=int, required=True, metavar="ID...")
@DATABASE
def drop(ids: tuple[int, ...], database_url: str | None) -> None:
    """Give up on the notifications ID."""
    settings = Settings.from_environment(os.environ)
    with transaction(settings, database_url, "drop the notifications") as connection:
        found = operating.drop(connection, ids, SystemClock().now())
    _report("dropped", found, ids, "are over already")


@notifications.command()
@click.argument("kind")
@click.argument("subject", type=int, metavar="ID")
@DATABASE
def answered(kind: str, subject: int, database_url: str | None) -> None:
    """Note that somebody took on the matter ID of KIND (as `list` shows them): nobody else is told."""
    settings = Settings.from_environment(os.environ)
    with transaction(settings, database_url, "note the answer") as connection:
        done = service.answered(connection, kind, subject, SystemClock().now())
    if not done:
        raise click.ClickException(f"nobody is asked to take on {kind} {subject}")
    click.echo(f"taken on: {kind} {subject}")


@notifications.group()
def endpoint() -> None:
    """Group robots and webhooks that are told."""


@endpoint.command()
@click.option("--robot", metavar="KEY", help="A WeCom group robot: its key, or the whole address.")
@click.option("--webhook", metavar="URL", help="A server that takes signed events.")
@click.option("--name", required=True, help="What it is called here.")
@click.option("--site", "site_code", help="The code of the site that it is told of; the whole city without.")
@DATABASE
def add(robot: str | None, webhook: str | None, name: str, site_code: str | None, database_url: str | None) -> None:
    """Add a group robot or a webhook. A webhook's secret is shown this once."""
    address = robot or webhook
    if address is None or (robot and webhook):
        raise click.UsageError("give --robot or --webhook")
    settings = Settings.from_environment(os.environ)
    try:
        with transaction(settings, database_url, "add the endpoint") as connection:
            secret = endpoints.add(
                connection,
                Privacy(settings.privacy_keys),
                kind="robot" if robot else "webhook",
                address=address,
                name=name,
                site_code=site_code,
            )
    except endpoints.NameTaken:
        raise click.ClickException(f"there is an endpoint {name} already") from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"added: {name}")
    if secret is not None:
        click.echo(f"secret: {secret}")


@endpoint.command(name="list")
@JSON
@DATABASE
def list_endpoints(as_json: bool, database_url: str | None) -> None:
    """List the endpoints, without their addresses."""
    settings = Settings.from_environment(os.environ)
    with transaction(settings, database_url, "list the endpoints") as connection:
        found = endpoints.everything(connection)
    for one in found:
        if as_json:
            click.echo(json.dumps(asdict(one), ensure_ascii=False, default=_plain))
        else:
            state = "" if one.active else "  (removed)"
            click.echo(f"{one.id}  {one.kind}  {one.name}  {one.site_code or 'the whole city'}{state}")


@endpoint.command()
@click.argument("name")
@DATABASE
def remove(name: str, database_url: str | None) -> None:
    """Send nothing to the endpoint NAME any more."""
    settings = Settings.from_environment(os.environ)
    with transaction(settings, database_url, "remove the endpoint") as connection:
        dropped = endpoints.remove(connection, name, SystemClock().now())
    if dropped is None:
        raise click.ClickException(f"there is no endpoint {name}")
    click.echo(f"removed: {name}" + (f", with {dropped} unsent messages" if dropped else ""))


def _report(done: str, found: list[int], ids: tuple[int, ...], why_not: str) -> None:
    click.echo(f"{done}: {len(found)}")
    others = sorted(set(ids) - set(found))
    if others:
        raise click.ClickException(f"{', '.join(map(str, others))}: not found, or {why_not}")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
