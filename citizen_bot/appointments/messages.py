"""How notifications of appointments read: to residents and to the staff of a site. Made from the present state."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from citizen_bot.appointments import records, telling
from citizen_bot.appointments.records import Appointment
from citizen_bot.appointments.states import RESIDENT, Happened, history
from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue, Guide, Site
from citizen_bot.notifications.composing import Composition, Message, Recipient, composes
from citizen_bot.platform.clock import SHANGHAI, spell_moment
from citizen_bot.platform.privacy import mask_name, mask_phone
from citizen_bot.rules import GENERAL


@dataclass(frozen=True, slots=True)
class _Shown:
    """An appointment with what there is to say of it."""

    appointment: Appointment
    guide: Guide
    site: Site
    window: str
    when: str


@composes(telling.REMINDER)
def reminder(composition: Composition, appointment_id: int, recipient: Recipient) -> Message | None:
    """None where it is not booked (any more), has begun, or is later than tomorrow now."""
    shown = _shown(composition, appointment_id)
    starts_at, today = shown.appointment.starts_at, composition.now.astimezone(SHANGHAI).date()
    tomorrow = today + timedelta(days=1)
    if shown.appointment.state != "booked" or starts_at <= composition.now or starts_at.date() > tomorrow:
        return None
    say = composition.say
    text = say("appointment_reminder", **_words(shown), materials=_materials(composition, shown))
    return _to_resident(composition, say("appointment_reminder_title"), text, shown, "appointment_reminder")


@composes(telling.CHANGED)
def changed(composition: Composition, appointment_id: int, recipient: Recipient) -> Message | None:
    """What others did to it last; None where the resident has done something to it since."""
    shown = _shown(composition, appointment_id)
    past = history(composition.connection, composition.office.privacy, appointment_id)
    last = past[-1]
    if last.event not in ("moved", "cancelled") or last.actor == RESIDENT:
        return None
    say = composition.say
    words = {
        **_words(shown),
        "before": spell_moment(_before(past)),
        "reason": "" if last.reason is None else say("appointment_reason", reason=last.reason),
    }
    if last.event == "moved":
        text = say("appointment_moved", **words, materials=_materials(composition, shown))
        return _to_resident(composition, say("appointment_moved_title"), text, shown, "appointment_changed")
    text = say("appointment_cancelled", **words)
    return _to_resident(composition, say("appointment_cancelled_title"), text, shown, "appointment_changed")


@composes(telling.STAFF)
def staff(composition: Composition, appointment_id: int, recipient: Recipient) -> Message | None:
    """Booked, moved or cancelled, with name and phone masked; None once the person came or the hour is over."""
    shown = _shown(composition, appointment_id)
    past = history(composition.connection, composition.office.privacy, appointment_id)
    last, appointment, say = past[-1], shown.appointment, composition.say
    if appointment.state not in ("booked", "cancelled") or appointment.ends_at <= composition.now:
        return None
    title = say(f"appointment_staff_{last.event}")
    lines = [
        (say("appointment_line_code"), appointment.code),
        (say("appointment_line_when"), shown.when),
        (say("appointment_line_site"), shown.site.official_name),
        (say("appointment_line_window"), shown.window),
        (say("appointment_line_item"), shown.guide.name),
        (say("appointment_line_name"), mask_name(appointment.name or "")),
        (say("appointment_line_phone"), mask_phone(appointment.phone or "")),
        (say("appointment_line_via"), say(f"appointment_via_{appointment.via}")),
    ]
    if last.event == "moved":
        lines.insert(1, (say("appointment_line_before"), spell_moment(_before(past))))
    if last.reason is not None:
        lines.append((say("appointment_line_reason"), last.reason))
    text = "\n".join([title, *(f"{name}：{value}" for name, value in lines)])
    return Message(title, text, tuple(lines), payload=_payload(appointment))


def _to_resident(composition: Composition, title: str, text: str, shown: _Shown, template: str) -> Message:
    say = composition.say
    lines = (
        (say("appointment_line_item"), shown.guide.name),
        (say("appointment_line_when"), shown.when),
        (say("appointment_line_site"), shown.site.official_name),
        (say("appointment_line_code"), shown.appointment.code),
    )
    fields = {
        "number": shown.appointment.code,
        "item": shown.guide.name,
        "site": shown.site.official_name,
        # As WeChat wants the times of its templates.
        "time": f"{shown.appointment.starts_at:%Y年%m月%d日 %H:%M}",
    }
    return Message(title, text, lines, template=template, fields=fields, payload=_payload(shown.appointment))


def _shown(composition: Composition, appointment_id: int) -> _Shown:
    """What the catalogue of now no longer has is told as it was when it was booked."""
    appointment = records.get(composition.connection, composition.office.privacy, appointment_id)
    catalogue: Catalogue = composition.catalogue
    if appointment.item not in catalogue.guides or appointment.site_code not in catalogue.sites:
        catalogue = store.load(composition.connection, appointment.catalogue_hash)
    rules = composition.office.rules.appointments
    known = {window.id: window.name for window in rules.windows}
    return _Shown(
        appointment=appointment,
        guide=catalogue.guides[appointment.item],
        site=catalogue.sites[appointment.site_code],
        window=known.get(appointment.window_id, known[GENERAL]),
        when=spell_moment(appointment.starts_at),
    )


def _words(shown: _Shown) -> dict[str, str]:
    return {
        "code": shown.appointment.code,
        "item": shown.guide.name,
        "site": shown.site.official_name,
        "window": shown.window,
        "when": shown.when,
        "name": shown.appointment.name or "",
    }


def _materials(composition: Composition, shown: _Shown) -> str:
    count, item = len(shown.guide.materials), shown.guide.name
    if count == 0:
        return composition.say("appointment_materials_none", item=item)
    return composition.say("appointment_materials", count=count, item=item)


def _before(past: list[Happened]) -> datetime:
    """Where the appointment stood before the last thing that happened to it."""
    return past[-2].starts_at if len(past) > 1 else past[-1].starts_at


def _payload(appointment: Appointment) -> dict[str, object]:
    return {
        "code": appointment.code,
        "state": appointment.state,
        "item": appointment.item,
        "site": appointment.site_code,
        "window": appointment.window_id,
        "starts_at": appointment.starts_at.isoformat(),
        "ends_at": appointment.ends_at.isoformat(),
    }
