"""What the catalogue is made of: immutable, plain data with no way back to the files it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Level = Literal["city", "town", "community", "village"]


@dataclass(frozen=True, slots=True)
class Situation:
    """One plain question whose answer decides which materials a resident needs.

    `choices` maps an answer's key to the words a resident reads. A yes/no question has the keys "yes" and "no".
    """

    id: str
    question: str
    choices: Mapping[str, str]


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
    state: Literal["draft", "reviewed"]
    by: str | None
    on: date | None
    sources: tuple[str, ...]
    confidence: Literal["high", "medium", "low"]
    doubts: tuple[str, ...]


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
class Catalogue:
    """One immutable snapshot. `hash` is the SHA-256 of its canonical form, so equal contents have equal hashes."""

    hash: str
    guides: Mapping[str, Guide]
    sites: Mapping[str, Site]
    divisions: Mapping[str, Division]
