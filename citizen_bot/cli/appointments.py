"""`citizen-bot appointments`: who comes when, booking for somebody at the window or on the phone, and closed days."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, get_args

import click

from citizen_bot.appointments import service
from citizen_bot.appointments.service import Appointment, NotBookable
from citizen_bot.catalog.model import Guide, Site
from citizen_bot.cli.counter import Counter, at_counter
from citizen_bot.cli.database import DATABASE, user
from citizen_bot.people.contacts import check_name, check_phone
from citizen_bot.platform.clock import SHANGHAI, spell_day, spell_moment
from citizen_bot.platform.numbers import APPOINTMENT
from citizen_bot.platform.privacy import mask_name, mask_phone

T = TypeVar("T")

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on each line.")
SITE = click.option("--site", "site_text", required=True, help="The site's code, or its name where that is one only.")
ON_DAY = click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day, such as 2026-12-02.")
WINDOW = click.option("--window", "window_id", help="One window by its id in guides/rules.yaml; else the whole site.")


@dataclass(frozen=True, slots=True)
class _Counter(Counter):
    def site(self, text: str) -> Site:
        sites = self.catalogue.sites
        if text in sites:
            return sites[text]
        named = [site for site in sites.values() if text in (site.name, site.official_name)]
        if len(named) != 1:
            raise self.fail("appointment_bad_site", site=text)
        return named[0]

    def guide(self, item: str) -> Guide:
        if item not in self.catalogue.guides:
            raise self.fail("appointment_bad_item", item=item)
        return self.catalogue.guides[item]

    def window(self, window_id: str | None) -> str | None:
        known = [window.id for window in self.office.rules.appointments.windows]
        if window_id is not None and window_id not in known:
            raise self.fail("appointment_bad_window", window=window_id, known="、".join(known))
        return window_id

    def moment(self, text: str) -> datetime:
        try:
            return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
        except ValueError:
            raise self.fail("appointment_bad_moment", text=text) from None

    def appointment(self, code: str) -> Appointment:
        number = APPOINTMENT.read(code)
        found = None if number is None else service.find(self.connection, self.office, number)
        if found is None:
            raise self.fail("appointment_unknown", code=code)
        return found

    def refusal(self, error: NotBookable) -> click.ClickException:
        words = {}
        if error.existing is not None:
            words = {"code": error.existing.code, "when": spell_moment(error.existing.starts_at)}
        if error.until is not None:
            words["until"] = spell_day(error.until)
        return self.fail(f"appointment_refused_{error.reason}", **words)

    def line(self, appointment: Appointment) -> str:
        plain = self.plain(appointment)
        state = self.say(f"appointment_state_{appointment.state}")
        when = spell_moment(appointment.starts_at)
        shown = [appointment.code, when, state, plain["site_name"], plain["item_name"]]
        return "  ".join([*shown, *(plain[key] for key in ("name", "phone") if plain[key])])

    def plain(self, appointment: Appointment) -> dict[str, Any]:
        site = self.catalogue.sites.get(appointment.site_code)
        guide = self.catalogue.guides.get(appointment.item)
        return {
            "code": appointment.code,
            "state": appointment.state,
            "item": appointment.item,
            "item_name": guide.name if guide else appointment.item,
            "site": appointment.site_code,
            "site_name": site.official_name if site else appointment.site_code,
            "window": appointment.window_id,
            "starts_at": appointment.starts_at.isoformat(),
            "ends_at": appointment.ends_at.isoformat(),
            "extended": appointment.extended,
            "name": None if appointment.name is None else mask_name(appointment.name),
            "phone": None if appointment.phone is None else mask_phone(appointment.phone),
            "via": appointment.via,
            "moves": appointment.moves,
        }

    def show(self, appointment: Appointment, as_json: bool, **more: Any) -> str:
        if as_json:
            return json.dumps({**self.plain(appointment), **more}, ensure_ascii=False)
        return self.line(appointment)

    def changed(self, appointment: Appointment, as_json: bool) -> str:
        """With whether staff have to tell the resident themselves."""
        call = appointment.resident_id is None
        shown = self.show(appointment, as_json, **({"call": call} if as_json else {}))
        return f"{shown}  {self.say('appointment_hit_call')}" if call and not as_json else shown


def _run(database_url: str | None, doing: str, work: Callable[[_Counter], T]) -> T:
    """As `at_counter`; what the rules refuse is told in one line."""

    def told(counter: _Counter) -> T:
        try:
            return work(counter)
        except NotBookable as error:
            raise counter.refusal(error) from error

    return at_counter(_Counter, database_url, doing, told)


def _tell(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)


@click.group()
def appointments() -> None:
    """Look appointments up, book, move and cancel them, and close a day."""


@appointments.command(name="list")
@click.option("--site", "site_text", help="Only of this site.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Only on this day.")
@click.option("--state", type=click.Choice(get_args(service.State)), help="Only in this state.")
@JSON
@DATABASE
def show_list(
    site_text: str | None, day: datetime | None, state: service.State | None, as_json: bool, database_url: str | None
) -> None:
    """List appointments by time, names and phones masked."""

    def work(counter: _Counter) -> list[str]:
        code = None if site_text is None else counter.site(site_text).code
        on = None if day is None else day.date()
        found = service.listed(counter.connection, counter.office, site_code=code, day=on, state=state)
        return [counter.show(appointment, as_json) for appointment in found]

    _tell(_run(database_url, "list the appointments", work))


@appointments.command()
@click.argument("site_text", metavar="SITE")
@click.argument("item")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Only on this day.")
@JSON
@DATABASE
def hours(site_text: str, item: str, day: datetime | None, as_json: bool, database_url: str | None) -> None:
    """Show the hours at SITE that can be booked for ITEM."""

    def work(counter: _Counter) -> list[str]:
        site, guide = counter.site(site_text), counter.guide(item)
        first, last = service.bookable_days(counter.office, counter.now)
        found = service.free_hours(
            counter.connection,
            counter.office,
            site=site,
            window_id=service.window_at(counter.office, guide, site),
            first=day.date() if day else first,
            last=day.date() if day else last,
            now=counter.now,
        )
        if not found and not as_json:
            return [counter.say("appointment_no_hours")]
        return [_hour(counter, hour, as_json) for hour in found]

    _tell(_run(database_url, "look for free hours", work))


@appointments.command()
@click.argument("item")
@SITE
@click.option("--at", "at_text", required=True, help='When, in Asia/Shanghai: "2026-12-02 09:30".')
@click.option("--name", required=True, help="Of the person served.")
@click.option("--phone", required=True)
@click.option("--via", type=click.Choice(["window", "phone"]), default="window", show_default=True)
@JSON
@DATABASE
def book(
    item: str,
    site_text: str,
    at_text: str,
    name: str,
    phone: str,
    via: service.Via,
    as_json: bool,
    database_url: str | None,
) -> None:
    """Book ITEM for somebody who came or called."""

    def work(counter: _Counter) -> list[str]:
        checked_name, checked_phone = check_name(name), check_phone(phone)
        if checked_name is None:
            raise counter.fail("appointment_bad_name", name=name)
        if checked_phone is None:
            raise counter.fail("appointment_bad_phone", phone=phone)
        booked = service.book(
            counter.connection,
            counter.office,
            guide=counter.guide(item),
            site=counter.site(site_text),
            starts_at=counter.moment(at_text),
            name=checked_name,
            phone=checked_phone,
            via=via,
            by=user(),
            catalogue_hash=counter.catalogue.hash,
            now=counter.now,
        )
        return [counter.show(booked, as_json)]

    _tell(_run(database_url, "book", work))


@appointments.command()
@click.argument("code")
@click.option("--to", "to_text", required=True, help='When, in Asia/Shanghai: "2026-12-02 09:30".')
@click.option("--site", "site_text", help="Another site than it is at.")
@JSON
@DATABASE
def move(code: str, to_text: str, site_text: str | None, as_json: bool, database_url: str | None) -> None:
    """Move the appointment CODE to another hour; a resident in WeChat is told."""

    def work(counter: _Counter) -> list[str]:
        before = counter.appointment(code)
        site = counter.site(site_text or before.site_code)
        starts_at = counter.moment(to_text)
        moved = service.move(
            counter.connection,
            counter.office,
            before.id,
            guide=counter.catalogue.guides.get(before.item),
            site=site,
            starts_at=starts_at,
            by=user(),
            now=counter.now,
        )
        return [counter.changed(moved, as_json)]

    _tell(_run(database_url, "move the appointment", work))


@appointments.command()
@click.argument("code")
@click.option("--reason", required=True, help="What the resident is told as the reason.")
@JSON
@DATABASE
def cancel(code: str, reason: str, as_json: bool, database_url: str | None) -> None:
    """Cancel the appointment CODE; a resident in WeChat is told."""

    def work(counter: _Counter) -> list[str]:
        if not reason.strip():
            raise counter.fail("appointment_bad_reason")
        number = counter.appointment(code).id
        after = service.cancel(
            counter.connection, counter.office, number, by=user(), reason=reason.strip(), now=counter.now
        )
        return [counter.changed(after, as_json)]

    _tell(_run(database_url, "cancel the appointment", work))


def _marks(name: str, act: Callable[..., Appointment], doc: str) -> None:
    @appointments.command(name=name, help=doc)
    @click.argument("code")
    @JSON
    @DATABASE
    def mark(code: str, as_json: bool, database_url: str | None) -> None:
        def work(counter: _Counter) -> list[str]:
            number = counter.appointment(code).id
            after = act(counter.connection, counter.office, number, by=user(), now=counter.now)
            return [counter.show(after, as_json)]

        _tell(_run(database_url, "change the appointment", work))


_marks("arrive", service.arrive, "The person of CODE came.")
_marks("done", service.finish, "The matter of CODE is done.")
_marks("no-show", service.miss, "The person of CODE did not come.")


@appointments.command()
@click.option("--site", "site_text", help="Only of this site.")
@JSON
@DATABASE
def closures(site_text: str | None, as_json: bool, database_url: str | None) -> None:
    """List the closed days from today on."""

    def work(counter: _Counter) -> list[str]:
        today = counter.now.astimezone(SHANGHAI).date()
        code = None if site_text is None else counter.site(site_text).code
        found = service.closures(counter.connection, first=today, last=today + timedelta(days=366), site_code=code)
        return [_closure(counter, closure, as_json) for closure in found]

    _tell(_run(database_url, "list the closed days", work))


@appointments.command()
@SITE
@ON_DAY
@WINDOW
@click.option("--reason", required=True, help="What residents are told as the reason.")
@click.option(
    "--move/--cancel", "moves", default=True, help="What is booked goes to the next free hour, or is cancelled."
)
@click.option("--yes", is_flag=True, help="Do it; without, only list what would be hit.")
@JSON
@DATABASE
def close(
    site_text: str,
    day: datetime,
    window_id: str | None,
    reason: str,
    moves: bool,
    yes: bool,
    as_json: bool,
    database_url: str | None,
) -> None:
    """Close a site, or one window, for a day, and move or cancel what is booked."""

    def work(counter: _Counter) -> list[str]:
        if not reason.strip():
            raise counter.fail("appointment_bad_reason")
        site, window, on = counter.site(site_text), counter.window(window_id), day.date()
        words = {"day": spell_day(on)}
        if not yes:
            found = service.hits(
                counter.connection, counter.office, site=site, window_id=window, day=on, now=counter.now
            )
            lines = [counter.show(appointment, as_json) for appointment in found]
            return lines if as_json else [*lines, counter.say("appointment_close_hits", **words, count=len(found))]
        hit = service.close_day(
            counter.connection,
            counter.office,
            site=site,
            window_id=window,
            day=on,
            reason=reason.strip(),
            action="move" if moves else "cancel",
            by=user(),
            now=counter.now,
        )
        lines = [_hit(counter, one, as_json) for one in hit]
        return lines if as_json else [*lines, counter.say("appointment_closed_done", **words, count=len(hit))]

    _tell(_run(database_url, "close the day", work))


@appointments.command()
@SITE
@ON_DAY
@WINDOW
@DATABASE
def reopen(site_text: str, day: datetime, window_id: str | None, database_url: str | None) -> None:
    """Take a closure back."""

    def work(counter: _Counter) -> list[str]:
        site, window = counter.site(site_text), counter.window(window_id)
        words = {"day": spell_day(day.date())}
        if not service.reopen_day(counter.connection, site=site, window_id=window, day=day.date()):
            raise counter.fail("appointment_not_closed", **words)
        return [counter.say("appointment_reopened", **words)]

    _tell(_run(database_url, "reopen the day", work))


def _hour(counter: _Counter, hour: service.Hour, as_json: bool) -> str:
    if as_json:
        plain = {
            "site": hour.site_code,
            "window": hour.window_id,
            "starts_at": hour.starts_at.isoformat(),
            "ends_at": hour.ends_at.isoformat(),
            "extended": hour.extended,
            "free": hour.free,
        }
        return json.dumps(plain, ensure_ascii=False)
    shown = [spell_moment(hour.starts_at), counter.say("appointment_free", count=hour.free)]
    return "  ".join([*shown, counter.say("appointment_extended")] if hour.extended else shown)


def _hit(counter: _Counter, hit: service.Hit, as_json: bool) -> str:
    """The appointment as it was, with where it went."""
    call = hit.appointment.resident_id is None
    if as_json:
        moved_to = None if hit.moved_to is None else hit.moved_to.isoformat()
        return counter.show(hit.appointment, True, moved_to=moved_to, call=call)
    if hit.moved_to is None:
        went = counter.say("appointment_hit_cancelled")
    else:
        went = counter.say("appointment_hit_moved", when=spell_moment(hit.moved_to))
    return "  ".join([counter.line(hit.appointment), went, *([counter.say("appointment_hit_call")] if call else [])])


def _closure(counter: _Counter, closure: service.Closure, as_json: bool) -> str:
    if as_json:
        plain = {
            "site": closure.site_code,
            "window": closure.window_id,
            "day": closure.day.isoformat(),
            "reason": closure.reason,
            "by": closure.closed_by,
        }
        return json.dumps(plain, ensure_ascii=False)
    site = counter.catalogue.sites.get(closure.site_code)
    name = site.official_name if site else closure.site_code
    names = {window.id: window.name for window in counter.office.rules.appointments.windows}
    where = counter.say("appointment_whole_site")
    if closure.window_id is not None:
        where = names.get(closure.window_id, closure.window_id)
    return "  ".join([spell_day(closure.day), name, where, closure.reason])
