"""The talk's own words: what comes in, what goes out, and what is remembered between two messages.

Nothing here knows of WeChat: a door turns its messages into `Incoming` and renders `Reply`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Literal

from citizen_bot.matching.model import Facet
from citizen_bot.notices.notice import Notice

Kind = Literal["text", "voice", "image", "video", "location", "link", "file", "unsupported", "event"]
Event = Literal["subscribe", "unsubscribe", "click", "scan", "silent"]


@dataclass(frozen=True, slots=True)
class Consent:
    """What a resident said to notifications of a template: `times` is how many more, None for any number."""

    template_id: str
    accepted: bool
    times: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a message that was sent."""

    message_id: str
    arrived: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of one person.

    `key` is unique for the message and the same for each repeat of it. `text` is what was typed or recognised from
    voice (None: nothing recognised). An event that expects no answer ("silent": menu links, delivery reports …) is
    stored and answered with nothing. `event_key` is a menu key or a QR scene: forgeable, never a permission. `consents`
    and `reports` come with events about notifications.
    """

    account: str
    openid: str
    key: str
    kind: Kind
    received_at: datetime
    text: str | None = None
    event: Event | None = None
    event_key: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    place: str | None = None
    consents: tuple[Consent, ...] = ()
    reports: tuple[Report, ...] = ()
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain Chinese; line breaks are kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Choices:
    """A numbered question. Each option can be typed by its number or by its words."""

    prompt: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoticeCard:
    """A one-time notice, with the facet that was asked for first.

    `short`: only the facet. `place` is the official name of the site to go to, where it is known.
    """

    notice: Notice
    facet: Facet | None = None
    short: bool = False
    place: str | None = None

    @property
    def whole(self) -> bool:
        """Whether everything to bring is told, so that it counts as told at once and gets a number."""
        return not self.short or self.facet == "materials"


Part = Text | Choices | NoticeCard


@dataclass(frozen=True, slots=True)
class Reply:
    """What the resident gets, in reading order. No parts: no answer is expected."""

    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """An open question of the bot: the items offered by number, and the facet to answer once one is chosen.

    `likely`: one of them is meant for all that is known; else they are only near. `listing`: the resident wants the
    personal list of the one that is chosen; without items, of the one that is named next. `standing`: it need not be
    answered, and its numbers hold until the talk goes on to something else (the items of a life event).
    """

    items: tuple[str, ...]
    facet: Facet | None
    asked: int = 1
    likely: bool = False
    listing: bool = False
    standing: bool = False


@dataclass(frozen=True, slots=True)
class Checklist:
    """The questions on the way to a personal list of `item`.

    `answers` are known, `skipped` situations are not to be asked. `asking` is the situation that is open, or CONSENT;
    `asked` are those that were asked before it. `tries` counts the answers in a row that were not understood.
    `reopened`: the open question was answered once and taken back. `consented`: for this list, questions on health and
    disability may be asked.
    """

    item: str
    asking: str
    answers: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    tries: int = 0
    reopened: bool = False
    consented: bool = False


Step = Literal["target", "item", "place", "address", "day", "hour", "name", "phone", "wish", "confirm"]
TaskKind = Literal["book", "visit", "move", "cancel"]


@dataclass(frozen=True, slots=True)
class Task:
    """What the resident is about to have done: a booking, somebody who comes, another time, or a booking given back.

    `asking` is the open question, `offered` what its numbers stand for (ids of items, codes of places, ISO instants of
    hours, codes of appointments and visits), `tries` how often in a row it was not understood. `place` is the code of
    the site to go to, for a visit that of the village or town. `hour` is the start of the seat that is held. `day`,
    `period` and `at` are as they were said, a range of days from `first_day` to `last_day`. `target` is the code of
    what is moved or given back. `told` are the things that are said only once.
    """

    kind: TaskKind
    asking: Step = "item"
    offered: tuple[str, ...] = ()
    tries: int = 0
    item: str | None = None
    place: str | None = None
    day: date | None = None
    period: Literal["am", "pm"] | None = None
    at: time | None = None
    first_day: date | None = None
    last_day: date | None = None
    hour: datetime | None = None
    address: str | None = None
    name: str | None = None
    phone: str | None = None
    whom: str | None = None
    relation: str | None = None
    reason: str | None = None
    help: Literal["assist", "act", "collect", "pay"] | None = None
    target: str | None = None
    told: tuple[str, ...] = ()


AgentStep = Literal["nothing", "task", "action", "time", "reason", "refusal", "things", "receipt", "paid"]


@dataclass(frozen=True, slots=True)
class AgentState:
    """What an agent (代办员) does in the chat just now.

    `asking` is the open question: which task, which action, when somebody comes, why not (and whether the refusal is
    meant), what was taken over (and whether it was read rightly), whether all money is paid. `offered` is what its
    numbers stand for: codes of tasks from the `skip`th on, or actions. `code` is the opened task. `said` are words that
    are still to be acted on: those said before the task was known, or the reason of a refusal. `day`, `period` and `at`
    are what is known of when somebody comes, `taken` is what was read back, each as agents.taken.dump spells it.
    `tries` counts the answers in a row that were not understood. `wrong_codes` were tried on the day `wrong_on`.
    """

    asking: AgentStep = "nothing"
    offered: tuple[str, ...] = ()
    skip: int = 0
    code: str | None = None
    said: str = ""
    day: date | None = None
    period: Literal["am", "pm"] | None = None
    at: time | None = None
    taken: tuple[str, ...] = ()
    tries: int = 0
    wrong_codes: int = 0
    wrong_on: date | None = None


# What is asked before the first question on health or disability; no situation can have this id.
CONSENT = "(consent)"


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is remembered of a talk.

    `topics` are the items talked of, newest first, at most five. `misses` counts the questions in a row that got no
    answer; `soothed`: rude words were already answered calmly once. `heard` is what the resident has said of the
    situations of each of the topics, `listed` the item whose personal list was told last. `home` is the code of the own
    village, community or town, `where` those of several places, of which the resident is asked which. `task` is under
    way, `parked` was broken off and can be gone on with, `done` is what was told of the last one that
    came to its end. `agent` is there for who works as an agent, or tried to bind.
    """

    item: str | None = None
    facet: Facet | None = None
    topics: tuple[str, ...] = ()
    pending: Pending | None = None
    misses: int = 0
    soothed: bool = False
    heard: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    checklist: Checklist | None = None
    listed: str | None = None
    home: str | None = None
    where: tuple[str, ...] = ()
    task: Task | None = None
    parked: Task | None = None
    done: str | None = None
    agent: AgentState | None = None
    last_at: datetime | None = None
