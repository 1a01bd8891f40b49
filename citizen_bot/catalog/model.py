"""What the catalogue is made of: immutable, plain data with no way back to the files it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Level = Literal["city", "town", "community", "village"]


@dataclass(frozen=True, slots=True)
class Situation:
    """One plain question whose answer decides which materials a resident needs, or that nothing can be applied for.

    `choices` maps an answer's key to the words a resident reads. A yes/no question has the keys "yes" and "no".
    `sensitive`: the answer tells of health or disability, so it takes a consent of its own before it is asked
    (Personal Information Protection Law, art. 29).
    """

    id: str
    question: str
    choices: Mapping[str, str]
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when the answer to `situation` is one of `answers`."""

    situation: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """One paper. `when` says in plain Chinese who needs it, `needed_if` the same for a machine (all must hold).

    A material that everybody needs has neither. `shared`: the window can usually look it up.
    """

    name: str
    form: str
    copies: int
    source: str
    shared: bool
    when: str | None
    needed_if: tuple[Condition, ...]
    note: str | None

    @property
    def always(self) -> bool:
        return not self.needed_if


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an application is turned down, and what the person can do then. `refused_if`: the answers that tell so
    (all must hold); without any it is for the window to find out."""

    reason: str
    remedy: str
    refused_if: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Days from acceptance. `statutory` and `promised` are kept apart; None is unknown, 0 is on the spot."""

    statutory: int | None
    promised: int | None
    unit: Literal["working", "calendar"]
    note: str | None


@dataclass(frozen=True, slots=True)
class Online:
    available: bool
    channel: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Agent:
    """Whether somebody else may come instead of the applicant, and what that takes."""

    allowed: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """How far the office stands behind a guide.

    `levels` and `sharing`: whether it has confirmed which level of site takes the item, and which papers the window
    looks up by itself; both are reconstructions until then.
    """

    state: Literal["draft", "reviewed"]
    by: str | None
    on: date | None
    sources: tuple[str, ...]
    confidence: Literal["high", "medium", "low"]
    doubts: tuple[str, ...]
    levels: Literal["inferred", "confirmed"] = "inferred"
    sharing: Literal["inferred", "confirmed"] = "inferred"


@dataclass(frozen=True, slots=True)
class Guide:
    """All that a resident needs to know of one service item (办事指南). Texts are Chinese, ready to be read."""

    id: str
    name: str
    label: str
    summary: str
    department: str
    kind: str
    levels: tuple[Level, ...]
    window: str
    aliases: tuple[str, ...]
    examples: tuple[str, ...]
    applicants: str
    conditions: tuple[str, ...]
    situations: tuple[Situation, ...]
    materials: tuple[Material, ...]
    steps: tuple[str, ...]
    time_limit: TimeLimit
    deadline: str | None
    fee: str
    amount: str | None
    online: Online
    visits: int
    agent: Agent
    home_service: bool
    where: str | None
    result: str
    pitfalls: tuple[str, ...]
    basis: tuple[str, ...]
    contact: str | None
    related: tuple[str, ...]
    review: Review
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """A place where residents are served. Coordinates are GCJ-02 degrees of the seat, None where unknown."""

    code: str
    name: str
    official_name: str
    level: Level
    parent: str | None
    latitude: float | None
    longitude: float | None
    verified: bool
    address: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Division:
    """A village or an urban community and the town that serves it."""

    code: str
    name: str
    level: Literal["community", "village"]
    town: str


@dataclass(frozen=True, slots=True)
class EventItem:
    """A service item as a step of a life event. `when` says who needs it; None: everybody.

    `given` are the answers to the item's situations that the event leaves possible (a pension is closed because of a
    death): papers for other cases are not asked for.
    """

    item: str
    when: str | None
    note: str | None
    given: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class SamePaper:
    """One paper that the guides of a life event name differently (`covers`).

    `when` and `note` stand in place of theirs; a paper that a guide asks everybody for stays one.
    """

    name: str
    covers: tuple[str, ...]
    when: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """Several service items that something in life brings along (一件事), in the order in which they are done."""

    id: str
    name: str
    label: str
    summary: str
    aliases: tuple[str, ...]
    examples: tuple[str, ...]
    items: tuple[EventItem, ...]
    same_papers: tuple[SamePaper, ...]
    pitfalls: tuple[str, ...]
    review: Review


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One immutable snapshot. `hash` is the SHA-256 of its canonical form, so equal contents have equal hashes."""

    hash: str
    guides: Mapping[str, Guide]
    sites: Mapping[str, Site]
    divisions: Mapping[str, Division]
    events: Mapping[str, LifeEvent] = field(default_factory=dict)

    def subject(self, subject_id: str) -> Guide | LifeEvent | None:
        """What a notice may be on: the service item or the life event of this id."""
        return self.events.get(subject_id) or self.guides.get(subject_id)
