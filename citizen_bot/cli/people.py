"""`citizen-bot staff` and `citizen-bot agents`: who works for the residents, and how they are reached."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click
from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound

from citizen_bot.cli.counter import published
from citizen_bot.cli.database import DATABASE, transaction
from citizen_bot.people import agents as agent_rows
from citizen_bot.people import staff as staff_rows
from citizen_bot.people.agents import Agent
from citizen_bot.people.contacts import check_phone
from citizen_bot.people.staff import ROLES, SITE_ROLES, Role, Staff
from citizen_bot.platform.clock import SystemClock, spell_moment
from citizen_bot.platform.privacy import Privacy
from citizen_bot.rules import load_office
from citizen_bot.settings import Settings, data_folder
from citizen_bot.visits import service as visits
from citizen_bot.wordings import Wordings, load_wordings

T = TypeVar("T")

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on each line.")
WECOM = click.option("--wecom", metavar="USERID", help="The account at WeCom, by which the person is told.")
MOST_NAME = 20


def _run(database_url: str | None, doing: str, work: Callable[[Connection, Wordings, Privacy], T]) -> T:
    settings = Settings.from_environment(os.environ)
    say = load_wordings(settings.intents_dir, data_folder("intents"))
    with transaction(settings, database_url, doing) as connection:
        return work(connection, say, Privacy(settings.privacy_keys))


def _fail(say: Wordings, key: str, **values: object) -> click.ClickException:
    return click.ClickException(say(key, **values))


def _name(say: Wordings, text: str) -> str:
    """A title may stand with it (于大姐, 示例·窗口小于), so it is taken as it is written."""
    name = " ".join(text.split())
    if not 2 <= len(name) <= MOST_NAME:
        raise _fail(say, "visit_people_bad_name", name=text)
    return name


def _items(connection: Connection, say: Wordings, items: tuple[str, ...]) -> tuple[str, ...]:
    known = published(connection).guides if items else {}
    for item in items:
        if item not in known:
            raise _fail(say, "visit_people_bad_item", item=item)
    return tuple(dict.fromkeys(items))


def _phone(say: Wordings, text: str) -> str:
    checked = check_phone(text)
    if checked is None:
        raise _fail(say, "visit_people_bad_phone", phone=text)
    return checked


def _tell(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)


@click.group()
def staff() -> None:
    """Members of staff of the city, its centres and stations."""


@staff.command(name="add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--site", "site_code", help="The code of the site, for window and site_manager.")
@WECOM
@DATABASE
def add_staff(name: str, role: Role, site_code: str | None, wecom: str | None, database_url: str | None) -> None:
    """Add NAME to the staff."""

    def work(connection: Connection, say: Wordings, _: Privacy) -> Staff:
        if role in SITE_ROLES and site_code is None:
            raise _fail(say, "visit_people_needs_site")
        if site_code is not None and site_code not in published(connection).sites:
            raise _fail(say, "visit_people_bad_site", site=site_code)
        try:
            return staff_rows.add(
                connection, name=_name(say, name), role=role, site_code=site_code, wecom_userid=wecom or None
            )
        except staff_rows.NameTaken:
            raise _fail(say, "visit_people_taken", name=name) from None

    click.echo(_staff_line(_run(database_url, "add to the staff", work), None))


@staff.command(name="list")
@JSON
@DATABASE
def list_staff(as_json: bool, database_url: str | None) -> None:
    """List the staff."""

    def work(connection: Connection, say: Wordings, _: Privacy) -> list[str]:
        everybody = staff_rows.everybody(connection)
        if as_json:
            return [json.dumps(_plain_staff(member), ensure_ascii=False) for member in everybody]
        return [_staff_line(member, say) for member in everybody]

    _tell(_run(database_url, "list the staff", work))


@staff.command()
@click.argument("name")
@DATABASE
def deactivate(name: str, database_url: str | None) -> None:
    """From now on NAME may do nothing and is told nothing."""

    def work(connection: Connection, say: Wordings, _: Privacy) -> str:
        member = staff_rows.named(connection, name)
        if member is None:
            raise _fail(say, "visit_unknown_staff", name=name)
        staff_rows.deactivate(connection, member.id)
        return say("visit_people_deactivated", name=member.name)

    click.echo(_run(database_url, "deactivate the member of staff", work))


def _staff_line(member: Staff, say: Wordings | None) -> str:
    inactive = say("visit_people_inactive") if say is not None and not member.active else None
    parts = [str(member.id), member.name, member.role, member.site_code, member.wecom_userid, inactive]
    return "  ".join(part for part in parts if part)


def _plain_staff(member: Staff) -> dict[str, Any]:
    return {
        "id": member.id,
        "name": member.name,
        "role": member.role,
        "site": member.site_code,
        "wecom": member.wecom_userid,
        "active": member.active,
        "sample": member.sample,
    }


@click.group()
def agents() -> None:
    """Agents (代办员) of villages and communities."""


@agents.command(name="add")
@click.argument("name")
@click.option("--division", "division_code", required=True, help="The code of the village or community.")
@click.option("--item", "items", multiple=True, help="An item that the agent takes; without any, every item.")
@click.option("--phone", help="Public for residents.")
@click.option("--hours", help="Office hours, in the agent's own words; public for residents.")
@WECOM
@DATABASE
def add_agent(
    name: str,
    division_code: str,
    items: tuple[str, ...],
    phone: str | None,
    hours: str | None,
    wecom: str | None,
    database_url: str | None,
) -> None:
    """Add NAME as an agent."""

    def work(connection: Connection, say: Wordings, privacy: Privacy) -> Agent:
        if division_code not in published(connection).divisions:
            raise _fail(say, "visit_people_bad_division", division=division_code)
        try:
            return agent_rows.add(
                connection,
                privacy,
                name=_name(say, name),
                division_code=division_code,
                items=_items(connection, say, items),
                office_hours=(hours or "").strip() or None,
                phone=None if phone is None else _phone(say, phone),
                wecom_userid=wecom or None,
            )
        except agent_rows.NameTaken:
            raise _fail(say, "visit_people_taken", name=name) from None

    agent = _run(database_url, "add the agent", work)
    click.echo(f"{agent.id}  {agent.name}")


@agents.command(name="list")
@JSON
@DATABASE
def list_agents(as_json: bool, database_url: str | None) -> None:
    """List the agents with what residents may know of them."""

    def work(connection: Connection, say: Wordings, privacy: Privacy) -> list[str]:
        everybody = agent_rows.everybody(connection)
        if as_json:
            return [json.dumps(_plain_agent(agent, privacy), ensure_ascii=False) for agent in everybody]
        return [_agent_line(agent, privacy, say) for agent in everybody]

    _tell(_run(database_url, "list the agents", work))


@agents.command()
@click.argument("agent_id", metavar="ID", type=int)
@click.option("--item", "items", multiple=True, help="The items that the agent takes from now on.")
@click.option("--phone", help="Public for residents.")
@click.option("--hours", help="Office hours, in the agent's own words; public for residents.")
@WECOM
@click.option("--active/--inactive", default=None, help="Who is inactive may do nothing and is told nothing.")
@DATABASE
def change(
    agent_id: int,
    items: tuple[str, ...],
    phone: str | None,
    hours: str | None,
    wecom: str | None,
    active: bool | None,
    database_url: str | None,
) -> None:
    """Change what is given of the agent ID; the rest stays."""

    def work(connection: Connection, say: Wordings, privacy: Privacy) -> str:
        before = agent_rows.find(connection, agent_id)
        if before is None:
            raise _fail(say, "visit_people_no_agent", id=agent_id)
        sealed = None if phone is None else privacy.seal(_phone(say, phone))
        after = replace(
            before,
            items=_items(connection, say, items) or before.items,
            office_hours=(hours or "").strip() or before.office_hours,
            phone_sealed=sealed or before.phone_sealed,
            wecom_userid=wecom or before.wecom_userid,
            active=before.active if active is None else active,
        )
        agent_rows.update(connection, after)
        line = _agent_line(after, privacy, say)
        if before.active and not after.active:
            count = visits.agent_left(
                connection,
                load_office(Settings.from_environment(os.environ).guides_dir, privacy),
                agent_id,
                SystemClock().now(),
            )
            line += say("visit_people_agent_left", count=count) if count else ""
        return line

    click.echo(_run(database_url, "change the agent", work))


@agents.command()
@click.argument("agent_id", metavar="ID", type=int)
@DATABASE
def code(agent_id: int, database_url: str | None) -> None:
    """Make a one-time code by which the agent ID ties the own WeChat account. It is shown once."""

    def work(connection: Connection, say: Wordings, privacy: Privacy) -> str:
        now = SystemClock().now()
        try:
            made = agent_rows.bind_code(connection, privacy, agent_id, now)
        except NoResultFound:
            raise _fail(say, "visit_people_no_agent", id=agent_id) from None
        name = agent_rows.name_of(connection, agent_id)
        return say("visit_people_code", code=made, name=name, until=spell_moment(now + agent_rows.CODE_LASTS))

    click.echo(_run(database_url, "make a code", work))


def _agent_line(agent: Agent, privacy: Privacy, say: Wordings) -> str:
    items = "、".join(agent.items) or say("visit_people_every_item")
    bound = say("visit_people_unbound" if agent.resident_id is None else "visit_people_bound")
    inactive = None if agent.active else say("visit_people_inactive")
    parts = [str(agent.id), agent.name, agent.division_code, items, agent.office_hours, agent.phone(privacy)]
    return "  ".join(part for part in [*parts, bound, agent.wecom_userid, inactive] if part)


def _plain_agent(agent: Agent, privacy: Privacy) -> dict[str, Any]:
    return {
        "id": agent.id,
        "name": agent.name,
        "division": agent.division_code,
        "items": list(agent.items),
        "office_hours": agent.office_hours,
        "phone": agent.phone(privacy),
        "wecom": agent.wecom_userid,
        "bound": agent.resident_id is not None,
        "active": agent.active,
        "sample": agent.sample,
    }
