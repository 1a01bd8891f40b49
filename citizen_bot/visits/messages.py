"""How notifications of visits read: to the resident, the agent, and the staff of the town. Made from the present state.

What goes to staff and agents may end in a group, whose history stays: it never carries a full name, a phone number or
an address. Those are on the page that the link of that person leads to.
"""

from dataclasses import dataclass

from citizen_bot.catalog.model import Site
from citizen_bot.notifications.composing import Composition, Message, Recipient, composes
from citizen_bot.people import agents
from citizen_bot.platform.clock import FixedClock, spell_day, spell_moment
from citizen_bot.platform.privacy import mask_name
from citizen_bot.visits import reading, telling
from citizen_bot.visits.links import TaskLinks
from citizen_bot.visits.records import Actor, Taken, Visit, Wish
from citizen_bot.wordings import Wordings


@dataclass(frozen=True, slots=True)
class _Shown:
    """A visit with what there is to say of it."""

    visit: Visit
    item: str
    site: str
    village: str


@composes(telling.TASK)
def task(composition: Composition, visit_id: int, recipient: Recipient) -> Message | None:
    """Something to answer, or no longer to do. None for whom it is not (any more), and once it is answered."""
    shown = _shown(composition, visit_id)
    if shown is None or not _assigned(shown.visit, recipient):
        return None
    say, visit = composition.say, shown.visit
    if visit.state == "cancelled":
        title = say("visit_task_cancelled_title")
        return _to_staff(composition, shown, recipient, title, say("visit_task_cancelled", **_masked(shown)), [])
    if visit.state != "asked" or visit.answer_by is None:
        return None
    title = say("visit_task_title" if visit.priority is None else "visit_task_title_first")
    answer_by = spell_moment(visit.answer_by)
    # A resident's own words may name anybody: only whose task it is reads them.
    wish = spell_wish(say, visit.wish, words=recipient.kind == "agent")
    help_kind = say(f"visit_help_{visit.help}")
    text = say("visit_task", title=title, help=help_kind, wish=wish, answer_by=answer_by, **_masked(shown))
    more = [
        (say("visit_line_help"), help_kind),
        (say("visit_line_wish"), wish),
        (say("visit_line_answer_by"), answer_by),
    ]
    return _to_staff(composition, shown, recipient, title, text, more)


@composes(telling.DISPUTED)
def disputed(composition: Composition, visit_id: int, recipient: Recipient) -> Message | None:
    """None once the resident has confirmed everything."""
    shown = _shown(composition, visit_id)
    receipts = reading.receipts(composition.connection, composition.office, visit_id)
    if shown is None or all(receipt.answer != "disputed" for receipt in receipts):
        return None
    say = composition.say
    text = say("visit_disputed", **_masked(shown))
    return _to_staff(composition, shown, recipient, say("visit_disputed_title"), text, [])


@composes(telling.LATE)
def late(composition: Composition, visit_id: int, recipient: Recipient) -> Message | None:
    """None once the papers are handed in, or somebody has been there."""
    shown = _shown(composition, visit_id)
    if shown is not None and shown.visit.state in ("accepted", "on_the_way") and shown.visit.coming_at is not None:
        say, coming_at = composition.say, spell_moment(shown.visit.coming_at)
        text = say("visit_not_come", coming_at=coming_at, **_masked(shown))
        lines = [(say("visit_line_when"), coming_at)]
        return _to_staff(composition, shown, recipient, say("visit_not_come_title"), text, lines)
    if shown is None or shown.visit.state != "taken_over" or shown.visit.hand_in_by is None:
        return None
    say, hand_in_by = composition.say, spell_moment(shown.visit.hand_in_by)
    text = say("visit_late", hand_in_by=hand_in_by, **_masked(shown))
    more = [(say("visit_line_hand_in_by"), hand_in_by)]
    return _to_staff(composition, shown, recipient, say("visit_late_title"), text, more)


@composes(telling.PROGRESS)
def progress(composition: Composition, visit_id: int, recipient: Recipient) -> Message | None:
    """Where it stands; None for an account that has nothing to do with it (any more)."""
    shown = _shown(composition, visit_id)
    if shown is None or shown.visit.resident_id != recipient.id:
        return None
    say, visit = composition.say, shown.visit
    state = say(f"visit_state_{visit.state}")
    at = visit.coming_at if visit.state in ("accepted", "on_the_way") else visit.answer_by
    lines = [(say("visit_line_item"), shown.item), (say("visit_line_code"), visit.code)]
    lines.append((say("visit_line_state"), state))
    if at is not None and visit.state == "accepted":
        lines.append((say("visit_line_when"), spell_moment(at)))
    return Message(
        say("visit_told_title"),
        _told(composition, shown),
        tuple(lines),
        template="visit_progress",
        fields={
            "number": visit.code,
            "item": shown.item,
            "state": state,
            # As WeChat wants the times of its templates.
            "time": f"{at or visit.asked_at:%Y年%m月%d日 %H:%M}",
        },
        payload=_payload(visit),
    )


def spell_wish(say: Wordings, wish: Wish, *, words: bool = True) -> str:
    """When it suits the resident; `words`: with what was said of it."""
    period = "" if wish.period is None else say(f"visit_wish_{wish.period}")
    first, last = wish.first_day, wish.last_day
    if first is not None and last is not None and first != last:
        when = say("visit_wish_between", first=spell_day(first), last=spell_day(last), period=period)
    elif first is not None and first == last:
        when = say("visit_wish_day", day=spell_day(first), period=period)
    elif first is not None:
        when = say("visit_wish_from", day=spell_day(first), period=period)
    elif last is not None:
        when = say("visit_wish_until", day=spell_day(last), period=period)
    else:
        when = period or say("visit_wish_any")
    return say("visit_wish_words", when=when, words=wish.words) if words and wish.words else when


def spell_taken(say: Wordings, taken: Taken) -> str:
    if taken.amount is not None:
        return say("visit_money", name=taken.name, amount=f"{taken.amount:.2f}")
    return say("visit_paper", name=taken.name, pieces=taken.pieces)


def _told(composition: Composition, shown: _Shown) -> str:
    say, visit = composition.say, shown.visit
    words = {"item": shown.item, "code": visit.code}
    match visit.state:
        case "asked":
            answer_by = "" if visit.answer_by is None else spell_moment(visit.answer_by)
            return say("visit_told_asked", site=shown.site, answer_by=answer_by, **words)
        case "accepted":
            when = "" if visit.coming_at is None else spell_moment(visit.coming_at)
            who = _who(composition, shown)
            return say("visit_told_accepted", who=who, when=when, visitor_code=visit.visitor_code, **words)
        case "on_the_way":
            who = _who(composition, shown)
            return say("visit_told_on_the_way", who=who, visitor_code=visit.visitor_code, **words)
        case "taken_over":
            return _told_receipts(composition, shown, words)
        case "handed_in":
            return say("visit_told_handed_in", **words)
        case "done":
            return say("visit_told_done", **words)
        case "declined":
            events = reading.history(composition.connection, composition.office, visit.id)
            reason = next((event.reason for event in reversed(events) if event.event == "declined"), None)
            return say("visit_told_declined", site=shown.site, reason=reason or "", **words)
        case "cancelled":
            return say("visit_told_cancelled", **words)


def _told_receipts(composition: Composition, shown: _Shown, words: dict[str, str]) -> str:
    """What is still to be confirmed, piece by piece; nothing is asked for a second time."""
    say = composition.say
    receipts = reading.receipts(composition.connection, composition.office, shown.visit.id)
    waiting = [receipt.taken for receipt in receipts if receipt.answer is None]
    if not waiting:
        hand_in_by = "" if shown.visit.hand_in_by is None else spell_moment(shown.visit.hand_in_by)
        return say("visit_told_taken_over_answered", hand_in_by=hand_in_by, **words)
    taken = "\n".join(f"{number}. {spell_taken(say, one)}" for number, one in enumerate(waiting, 1))
    return say("visit_told_taken_over", who=_who(composition, shown), taken=taken, **words)


def _to_staff(
    composition: Composition,
    shown: _Shown,
    recipient: Recipient,
    title: str,
    text: str,
    more: list[tuple[str, str]],
) -> Message:
    say, masked = composition.say, _masked(shown)
    page = _page(composition, shown.visit, recipient)
    lines = [
        (say("visit_line_code"), masked["code"]),
        (say("visit_line_item"), masked["item"]),
        (say("visit_line_village"), masked["village"]),
        (say("visit_line_name"), masked["name"]),
        *more,
    ]
    due = shown.visit.answer_by or shown.visit.asked_at
    return Message(
        title,
        text if page is None else f"{text}\n{say('visit_page', page=page)}",
        tuple(lines),
        url=page,
        template="visit_progress",
        fields={"number": masked["code"], "item": masked["item"], "state": title, "time": f"{due:%Y年%m月%d日 %H:%M}"},
        payload=_payload(shown.visit),
    )


def _page(composition: Composition, visit: Visit, recipient: Recipient) -> str | None:
    """The page of this person's; a group has none, for whoever opens a link acts in that person's name."""
    if recipient.kind not in ("agent", "staff") or not composition.secret_key:
        return None
    links = TaskLinks(composition.secret_key, composition.link(""), FixedClock(composition.now))
    return links.of(visit.id, Actor(recipient.kind, recipient.id))


def _assigned(visit: Visit, recipient: Recipient) -> bool:
    if recipient.kind == "agent":
        return visit.agent_id == recipient.id
    return visit.assigned_to == "town"


def _shown(composition: Composition, visit_id: int) -> _Shown | None:
    """What the catalogue of now no longer has is told by its id."""
    visit = reading.find(composition.connection, composition.office, visit_id)
    if visit is None:
        return None
    catalogue, item = composition.catalogue, composition.say("visit_any_item")
    if visit.item is not None:
        guide = catalogue.guides.get(visit.item)
        item = visit.item if guide is None else guide.name
    town: Site | None = catalogue.sites.get(visit.town_code)
    division = catalogue.divisions.get(visit.division_code or "")
    town_name = visit.town_code if town is None else town.name
    return _Shown(
        visit=visit,
        item=item,
        site=visit.town_code if town is None else town.official_name,
        village=town_name if division is None else division.name,
    )


def _who(composition: Composition, shown: _Shown) -> str:
    """Who comes: the agent by name and phone, which are public, else the town's staff."""
    say, visit = composition.say, shown.visit
    agent = None if visit.agent_id is None else agents.find(composition.connection, visit.agent_id)
    if agent is None:
        return say("visit_who_town", site=shown.site)
    phone = agent.phone(composition.office.privacy)
    if phone is None:
        return say("visit_who_agent", name=agent.name)
    return say("visit_who_agent_phone", name=agent.name, phone=phone)


def _masked(shown: _Shown) -> dict[str, str]:
    return {
        "code": shown.visit.code,
        "item": shown.item,
        "village": shown.village,
        "name": mask_name(shown.visit.name),
    }


def _payload(visit: Visit) -> dict[str, object]:
    times = {
        "asked_at": visit.asked_at,
        "answer_by": visit.answer_by,
        "coming_at": visit.coming_at,
        "hand_in_by": visit.hand_in_by,
    }
    return {
        "code": visit.code,
        "state": visit.state,
        "item": visit.item,
        "help": visit.help,
        "town": visit.town_code,
        "division": visit.division_code,
        "assigned_to": visit.assigned_to,
        "first": visit.priority is not None,
        **{name: None if at is None else at.isoformat() for name, at in times.items()},
    }
