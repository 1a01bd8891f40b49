"""The page of a visit for the agent or member of staff whose link it is: what is to be done, and the forms to do it.

The signed link is the permission; it names who acts. Reading a page changes nothing, so that whatever previews a link
does no harm. Each form carries a signed value of the state that it was made for: it cannot act a second time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Literal, get_args

from flask import Blueprint, Response, make_response, redirect, request, url_for
from itsdangerous import BadSignature, Signer
from sqlalchemy import Connection, Engine

from citizen_bot.catalog.model import Catalogue
from citizen_bot.pages import task_forms
from citizen_bot.pages.respond import missing, page
from citizen_bot.pages.task_forms import Mistake, Mistakes
from citizen_bot.people import agents, staff
from citizen_bot.platform.clock import Clock, spell_day, spell_hour, spell_moment
from citizen_bot.platform.database import retrying
from citizen_bot.platform.privacy import mask, mask_name, mask_phone
from citizen_bot.rules import Office
from citizen_bot.visits import service, states, steps
from citizen_bot.visits.links import LinkedTask, TaskLinks
from citizen_bot.visits.messages import spell_taken, spell_wish
from citizen_bot.visits.records import FINISHED
from citizen_bot.visits.service import Actor, NotPossible, Visit
from citizen_bot.wordings import Wordings

Action = Literal["accept", "decline", "set_out", "take_over", "hand_in", "done"]
ACTIONS: tuple[Action, ...] = get_args(Action)

# What makes the forms of before out of date. That the resident confirms, or time runs out, does not.
_MOVING = frozenset(step.event for step in states.STEPS if step.target is not None)


class Stale(Exception):
    """The form was made for what is no longer so, or not by us."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is for. In full for who has to go there, while it is to be done; else masked, the rest None."""

    name: str
    phone: str
    address: str | None = None
    relation: str | None = None
    priority: str | None = None
    wish: str | None = None
    mandate: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    taken: str
    answer: Literal["confirmed", "disputed"] | None


@dataclass(frozen=True, slots=True)
class Happened:
    at: str
    what: str
    who: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class ShownTask:
    """`due` is what the present state has to be done by (answered, visited, handed in), `late` whether that is over.

    `actions` are those that are possible now; their forms carry `form`. `days` and `hours` are for the one that says
    when somebody comes, each with how it reads, `papers` what the item's guide asks for. `passes_on`: declined, it goes
    to the town and does not end.
    """

    code: str
    state: service.State
    state_words: str
    help: service.Help
    help_words: str
    item: str
    village: str
    site: str
    person: Person
    visitor_code: str | None
    due: str | None
    late: bool
    actions: tuple[Action, ...]
    form: str
    days: tuple[tuple[date, str], ...]
    first_day: date | None
    hours: tuple[tuple[time, str], ...]
    papers: tuple[str, ...]
    passes_on: bool
    receipts: tuple[Receipt, ...]
    history: tuple[Happened, ...]


class TaskPages:
    """`current` gives the catalogue that is answered from now."""

    def __init__(
        self,
        engine: Engine,
        office: Office,
        current: Callable[[], Catalogue],
        links: TaskLinks,
        secret_key: str,
        wordings: Wordings,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._office = office
        self._current = current
        self._links = links
        self._secret_key = secret_key
        self._say = wordings
        self._clock = clock

    def shown(self, token: str) -> ShownTask | None:
        """None for a link that was not made here, or is too old. Raises NotPossible (not_yours) for who has nothing to
        do with it (any more)."""
        linked = self._links.read(token)
        if linked is None:
            return None
        with self._engine.connect() as connection:
            visit = service.find(connection, self._office, linked.visit_id)
            if visit is None:
                return None
            _check_whose(connection, visit, linked.actor)
            return self._shown(connection, visit, linked.actor, token)

    def act(self, token: str, action: str, form: Mapping[str, str]) -> None:
        """Takes the one step that the form asks for. Raises Stale, Mistakes and NotPossible; then nothing was done."""
        linked = self._links.read(token)
        if linked is None:
            raise Stale
        retrying(self._engine, lambda connection: self._act(connection, linked, token, action, form))

    def _act(
        self, connection: Connection, linked: LinkedTask, token: str, action: str, form: Mapping[str, str]
    ) -> None:
        # Locked before it is compared: of two clicks on one form the second one finds it changed.
        visit = steps.locked(connection, self._office, linked.visit_id)
        _check_whose(connection, visit, linked.actor)
        happened = service.history(connection, self._office, visit.id)
        if self._made_for(token, form.get("form", "")) != _version(happened):
            raise Stale
        now, calendar = self._clock.now(), self._office.calendar
        step: Callable[..., Visit]
        match action:
            case "accept":
                step = partial(service.accept, coming_at=task_forms.read_coming(form, calendar, now))
            case "decline":
                step = partial(service.decline, reason=task_forms.read_reason(form))
            case "set_out":
                step = service.set_out
            case "take_over":
                step = partial(service.take_over, taken=task_forms.read_taken(form))
            case "hand_in":
                step = service.hand_in
            case "done":
                step = service.finish
            case _:
                raise Stale
        step(connection, self._office, visit.id, actor=linked.actor, now=now)

    def refusal(self, shown: ShownTask, error: NotPossible) -> str:
        """Why it could not be done, in words."""
        words = {"code": shown.code, "state": shown.state_words, "staff": "", "site": shown.site}
        return self._say(f"visit_refused_{error.reason}", **words)

    def _shown(self, connection: Connection, visit: Visit, actor: Actor, token: str) -> ShownTask:
        catalogue, say, now = self._current(), self._say, self._clock.now()
        guide = catalogue.guides.get(visit.item or "")
        town, division = catalogue.sites.get(visit.town_code), catalogue.divisions.get(visit.division_code or "")
        village = visit.town_code if town is None else town.name
        happened = service.history(connection, self._office, visit.id)
        is_open = visit.state not in FINISHED
        actions = tuple(action for action in ACTIONS if _possible(action, visit, actor))
        days = task_forms.days_offered(self._office.calendar, now) if "accept" in actions else []
        due = _due(visit)
        receipts = service.receipts(connection, self._office, visit.id)
        return ShownTask(
            code=visit.code,
            state=visit.state,
            state_words=say(f"visit_state_{visit.state}"),
            help=visit.help,
            help_words=say(f"visit_help_{visit.help}"),
            item=guide.name if guide is not None else visit.item or say("visit_any_item"),
            village=village if division is None else division.name,
            site=visit.town_code if town is None else town.official_name,
            person=self._in_full(visit) if is_open else _masked(visit),
            visitor_code=visit.visitor_code if visit.state in ("accepted", "on_the_way", "taken_over") else None,
            due=None if due is None else spell_moment(due),
            late=due is not None and due <= now,
            actions=actions,
            form=self._signer(token).sign(str(_version(happened))).decode(),
            days=tuple((day, spell_day(day)) for day in days),
            first_day=next((day for day in days if visit.wish.first_day and day >= visit.wish.first_day), None),
            # Of no particular day: only the hour is told.
            hours=tuple((hour, spell_hour(datetime.combine(days[0], hour))) for hour in _hours(days)),
            papers=() if guide is None else tuple(material.name for material in guide.materials),
            passes_on=actor.kind == "agent",
            receipts=tuple(
                Receipt(_told(visit, spell_taken(say, receipt.taken), is_open), receipt.answer) for receipt in receipts
            ),
            history=tuple(
                Happened(
                    at=spell_moment(event.at),
                    what=say(f"visit_event_{event.event}"),
                    who=self._name(connection, event.actor),
                    reason=event.reason if is_open else None,
                )
                for event in happened
            ),
        )

    def _in_full(self, visit: Visit) -> Person:
        wish = spell_wish(self._say, visit.wish)
        return Person(
            visit.name, visit.phone, visit.address, visit.relation, visit.priority, wish=wish, mandate=visit.mandate
        )

    def _name(self, connection: Connection, actor: str) -> str:
        """Who acted, from how history keeps it: "agent 3"."""
        kind, _, number = actor.partition(" ")
        if kind in ("resident", "system"):
            return self._say(f"visit_actor_{kind}")
        if kind == "agent" and number.isdecimal():
            return agents.name_of(connection, int(number)) or actor
        member = staff.find(connection, int(number)) if kind == "staff" and number.isdecimal() else None
        return actor if member is None else member.name

    def _signer(self, token: str) -> Signer:
        return Signer(self._secret_key, salt=f"form of task {token}")

    def _made_for(self, token: str, form: str) -> int | None:
        try:
            return int(self._signer(token).unsign(form))
        except (BadSignature, ValueError):
            return None


def _check_whose(connection: Connection, visit: Visit, actor: Actor) -> None:
    """Raises NotPossible (not_yours); that a step is not open tells that it would be theirs to take."""
    try:
        steps.check(connection, visit, "accepted", actor)
    except NotPossible as error:
        if error.reason == "not_yours":
            raise


def _possible(action: Action, visit: Visit, actor: Actor) -> bool:
    events: Mapping[Action, states.Event] = {
        "accept": "accepted",
        "decline": "agent_declined" if actor.kind == "agent" else "declined",
        "set_out": "set_out",
        "take_over": "taken_over",
        "hand_in": "handed_in",
        "done": "done",
    }
    try:
        states.after(events[action], visit, actor.kind)
    except NotPossible:
        return False
    return True


def _version(happened: list[service.Event]) -> int:
    return sum(event.event in _MOVING for event in happened)


def _due(visit: Visit) -> datetime | None:
    if visit.state == "asked":
        return visit.answer_by
    if visit.state in ("accepted", "on_the_way"):
        return visit.coming_at
    return visit.hand_in_by if visit.state == "taken_over" else None


def _hours(days: list[date]) -> list[time]:
    return task_forms.hours_offered() if days else []


def _masked(visit: Visit) -> Person:
    return Person(mask_name(visit.name), mask_phone(visit.phone) if visit.phone else "")


def _told(visit: Visit, text: str, in_full: bool) -> str:
    """Papers may be called by whose they are."""
    return text if in_full or not visit.name else mask(text.replace(visit.name, mask_name(visit.name)))


def create_task_blueprint(pages: TaskPages) -> Blueprint:
    """Needs the blueprint of the notices' pages beside it, which brings the style sheets."""
    blueprint = Blueprint("task_page", __name__, template_folder="templates")

    @blueprint.get("/tasks/<token>")
    def task(token: str) -> Response:
        return _task(token)

    @blueprint.post("/tasks/<token>")
    def act(token: str) -> Response:
        action = request.form.get("action", "")
        try:
            pages.act(token, action, request.form)
        except Mistakes as error:
            return _task(token, 422, tried=action, mistakes=error.mistakes)
        except NotPossible as error:
            return _task(token, 409, tried=action, refused=error)
        except Stale:
            return _task(token, 409, stale=True)
        # Without a place of its own the address keeps that of a mistake of before.
        return make_response(redirect(url_for(".task", token=token, _anchor="now"), 303))

    def _task(
        token: str,
        status: int = 200,
        *,
        tried: str = "",
        mistakes: tuple[Mistake, ...] = (),
        refused: NotPossible | None = None,
        stale: bool = False,
    ) -> Response:
        """`tried`: the action whose form is shown again, as it was filled in."""
        try:
            shown = pages.shown(token)
        except NotPossible:
            return page("not_yours.html", status=status)
        if shown is None:
            return missing("task")
        return page(
            "task.html",
            status=status,
            shown=shown,
            tried=tried,
            typed=request.form if tried else {},
            mistakes=mistakes,
            refusal=None if refused is None else pages.refusal(shown, refused),
            stale=stale,
            forms=task_forms,
        )

    return blueprint
