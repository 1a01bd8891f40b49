"""`citizen-bot visits`: what is asked for, and the steps of a visit in the name of the town's staff."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, get_args

import click

from citizen_bot.cli.counter import Counter, at_counter
from citizen_bot.cli.database import DATABASE
from citizen_bot.people import agents, staff
from citizen_bot.platform.clock import SHANGHAI, spell_moment
from citizen_bot.platform.numbers import VISIT
from citizen_bot.platform.privacy import mask_name, mask_phone
from citizen_bot.visits import service
from citizen_bot.visits.messages import spell_taken, spell_wish
from citizen_bot.visits.service import Actor, NotPossible, Taken, Visit

T = TypeVar("T")

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on each line.")
STAFF = click.option("--staff", "staff_name", required=True, help="Who of the town's staff does it, by name.")


@dataclass(frozen=True, slots=True)
class _Desk(Counter):
    def visit(self, code: str) -> Visit:
        number = VISIT.read(code)
        found = None if number is None else service.find(self.connection, self.office, number)
        if found is None:
            raise self.fail("visit_unknown", code=code)
        return found

    def staff(self, name: str) -> Actor:
        member = staff.named(self.connection, name)
        if member is None:
            raise self.fail("visit_unknown_staff", name=name)
        return Actor("staff", member.id)

    def moment(self, text: str) -> datetime:
        try:
            return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
        except ValueError:
            raise self.fail("visit_bad_moment", text=text) from None

    def town(self, text: str) -> str:
        towns = [site for site in self.catalogue.sites.values() if site.level == "town"]
        named = [site.code for site in towns if text in (site.code, site.name, site.official_name)]
        if len(named) != 1:
            raise self.fail("visit_bad_town", town=text)
        return named[0]

    def refusal(self, error: NotPossible, visit: Visit, staff_name: str) -> click.ClickException:
        words = {
            "code": visit.code,
            "state": self.say(f"visit_state_{visit.state}"),
            "staff": staff_name,
            "site": self.site_name(visit),
        }
        return self.fail(f"visit_refused_{error.reason}", **words)

    def site_name(self, visit: Visit) -> str:
        site = self.catalogue.sites.get(visit.town_code)
        return visit.town_code if site is None else site.official_name

    def item_name(self, visit: Visit) -> str:
        guide = self.catalogue.guides.get(visit.item or "")
        return visit.item or self.say("visit_any_item") if guide is None else guide.name

    def plain(self, visit: Visit) -> dict[str, Any]:
        division = self.catalogue.divisions.get(visit.division_code or "")
        times = {
            "asked_at": visit.asked_at,
            "answer_by": visit.answer_by,
            "coming_at": visit.coming_at,
            "hand_in_by": visit.hand_in_by,
            "overdue_at": visit.overdue_at,
        }
        return {
            "code": visit.code,
            "state": visit.state,
            "item": visit.item,
            "item_name": self.item_name(visit),
            "help": visit.help,
            "site": visit.town_code,
            "site_name": self.site_name(visit),
            "division": visit.division_code,
            "division_name": None if division is None else division.name,
            "assigned_to": visit.assigned_to,
            "agent": visit.agent_id,
            "staff": visit.staff_id,
            "first": visit.priority is not None,
            "name": mask_name(visit.name) if visit.name else None,
            "phone": mask_phone(visit.phone) if visit.phone else None,
            **{name: None if at is None else at.isoformat() for name, at in times.items()},
        }

    def show(self, visit: Visit, as_json: bool) -> str:
        plain = self.plain(visit)
        if as_json:
            return json.dumps(plain, ensure_ascii=False)
        due = visit.hand_in_by if visit.state == "taken_over" else visit.answer_by or visit.coming_at
        when = spell_moment(due or visit.asked_at)
        state = self.say(f"visit_state_{visit.state}")
        shown = [visit.code, when, state, plain["site_name"], plain["division_name"], plain["item_name"]]
        return "  ".join(part for part in [*shown, plain["name"], plain["phone"]] if part)

    def details(self, visit: Visit) -> dict[str, Any]:
        receipts = service.receipts(self.connection, self.office, visit.id)
        return {
            **self.plain(visit),
            "wish": spell_wish(self.say, visit.wish),
            "receipts": [
                {
                    "name": receipt.taken.name,
                    "pieces": receipt.taken.pieces,
                    "amount": None if receipt.taken.amount is None else f"{receipt.taken.amount:.2f}",
                    "taken_at": receipt.taken_at.isoformat(),
                    "answer": receipt.answer,
                }
                for receipt in receipts
            ],
            "events": [
                {"at": event.at.isoformat(), "event": event.event, "actor": event.actor, "reason": event.reason}
                for event in service.history(self.connection, self.office, visit.id)
            ],
        }

    def actor(self, spelled: str) -> str:
        """The name of who acted, as history keeps it: "agent 3"."""
        kind, _, number = spelled.partition(" ")
        if kind in ("resident", "system"):
            return self.say(f"visit_actor_{kind}")
        if kind == "agent" and number.isdecimal():
            return agents.name_of(self.connection, int(number)) or spelled
        member = staff.find(self.connection, int(number)) if kind == "staff" and number.isdecimal() else None
        return spelled if member is None else member.name


def _act(database_url: str | None, code: str, staff_name: str, step: Callable[[_Desk, int, Actor], Visit]) -> None:
    """Takes a step of the visit `code` and prints how it then stands. Raises click.ClickException, in one line, for
    what the rules refuse."""

    def work(desk: _Desk) -> str:
        visit, actor = desk.visit(code), desk.staff(staff_name)
        try:
            return desk.show(step(desk, visit.id, actor), False)
        except NotPossible as error:
            raise desk.refusal(error, visit, staff_name) from error

    click.echo(at_counter(_Desk, database_url, "change the visit", work))


@click.group()
def visits() -> None:
    """Look home visits up, and take their steps in the name of the town's staff."""


@visits.command(name="list")
@click.option("--town", "town_text", help="Only of this town: its code or name.")
@click.option("--state", type=click.Choice(get_args(service.State)), help="Only in this state.")
@JSON
@DATABASE
def show_list(town_text: str | None, state: service.State | None, as_json: bool, database_url: str | None) -> None:
    """List visits, oldest first, names and phones masked, without addresses."""

    def work(desk: _Desk) -> list[str]:
        town = None if town_text is None else desk.town(town_text)
        found = service.listed(desk.connection, desk.office, town_code=town, state=state)
        return [desk.show(visit, as_json) for visit in found]

    for line in at_counter(_Desk, database_url, "list the visits", work):
        click.echo(line)


@visits.command()
@click.argument("code")
@JSON
@DATABASE
def show(code: str, as_json: bool, database_url: str | None) -> None:
    """Show the visit CODE with what was taken over and what happened."""

    def work(desk: _Desk) -> list[str]:
        visit = desk.visit(code)
        if as_json:
            return [json.dumps(desk.details(visit), ensure_ascii=False)]
        lines = [desk.show(visit, False), desk.say(f"visit_help_{visit.help}")]
        lines.append(spell_wish(desk.say, visit.wish))
        for receipt in service.receipts(desk.connection, desk.office, visit.id):
            answered = {
                None: "",
                "confirmed": desk.say("visit_event_receipts_confirmed"),
                "disputed": desk.say("visit_event_receipts_disputed"),
            }[receipt.answer]
            lines.append(f"  {spell_taken(desk.say, receipt.taken)}  {answered}".rstrip())
        for event in service.history(desk.connection, desk.office, visit.id):
            happened = desk.say(f"visit_event_{event.event}")
            lines.append(
                f"{event.at:%Y-%m-%d %H:%M}  {happened}  {desk.actor(event.actor)}  {event.reason or ''}".rstrip()
            )
        return lines

    for line in at_counter(_Desk, database_url, "look the visit up", work):
        click.echo(line)


@visits.command()
@click.argument("code")
@STAFF
@click.option("--at", "at_text", required=True, help='When they come, in Asia/Shanghai: "2026-12-02 09:30".')
@DATABASE
def accept(code: str, staff_name: str, at_text: str, database_url: str | None) -> None:
    """Take the visit CODE on; the resident is told when somebody comes."""

    def step(desk: _Desk, visit_id: int, actor: Actor) -> Visit:
        coming_at = desk.moment(at_text)
        return service.accept(desk.connection, desk.office, visit_id, actor=actor, coming_at=coming_at, now=desk.now)

    _act(database_url, code, staff_name, step)


@visits.command()
@click.argument("code")
@STAFF
@click.option("--reason", required=True, help="What the resident is told as the reason.")
@DATABASE
def decline(code: str, staff_name: str, reason: str, database_url: str | None) -> None:
    """Decline the visit CODE; the resident is told why."""

    def step(desk: _Desk, visit_id: int, actor: Actor) -> Visit:
        return service.decline(desk.connection, desk.office, visit_id, actor=actor, reason=reason, now=desk.now)

    _act(database_url, code, staff_name, step)


@visits.command(name="take-over")
@click.argument("code")
@STAFF
@click.option("--paper", "papers", multiple=True, metavar="NAME:PIECES", help="A paper and how many of it.")
@click.option("--money", "sums", multiple=True, metavar="NAME:YUAN", help="Money and what it is for.")
@DATABASE
def take_over(
    code: str, staff_name: str, papers: tuple[str, ...], sums: tuple[str, ...], database_url: str | None
) -> None:
    """Receipt what was taken over for the visit CODE; the resident is asked to confirm it."""

    def step(desk: _Desk, visit_id: int, actor: Actor) -> Visit:
        taken = [*(_paper(desk, text) for text in papers), *(_money(desk, text) for text in sums)]
        return service.take_over(desk.connection, desk.office, visit_id, actor=actor, taken=taken, now=desk.now)

    _act(database_url, code, staff_name, step)


def _paper(desk: _Desk, text: str) -> Taken:
    name, _, pieces = text.replace("：", ":").rpartition(":")
    if not name or not pieces.strip().isdecimal():
        raise desk.fail("visit_bad_paper", text=text)
    return Taken(name, pieces=int(pieces))


def _money(desk: _Desk, text: str) -> Taken:
    name, _, amount = text.replace("：", ":").rpartition(":")
    try:
        return Taken(name, amount=Decimal(amount.strip()))
    except InvalidOperation:
        raise desk.fail("visit_bad_money", text=text) from None


def _steps(name: str, act: Callable[..., Visit], doc: str) -> None:
    @visits.command(name=name, help=doc)
    @click.argument("code")
    @STAFF
    @DATABASE
    def command(code: str, staff_name: str, database_url: str | None) -> None:
        def step(desk: _Desk, visit_id: int, actor: Actor) -> Visit:
            return act(desk.connection, desk.office, visit_id, actor=actor, now=desk.now)

        _act(database_url, code, staff_name, step)


_steps("set-out", service.set_out, "Somebody is on the way for the visit CODE.")
_steps("hand-in", service.hand_in, "The papers of the visit CODE are handed in.")
_steps("done", service.finish, "The visit CODE is done.")
