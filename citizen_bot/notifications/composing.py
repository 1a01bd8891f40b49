"""What a notification says, made from the present state at the moment when it is sent.

A service registers how each of its kinds reads. Nothing of the text is stored with the notification, so nobody is told
what is no longer so: a composer that returns None drops the notification.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from citizen_bot.catalog.model import Catalogue
from citizen_bot.rules import Office
from citizen_bot.wordings import Wordings

# Every module that registers a composer with `composes`.
COMPOSER_MODULES = (
    "citizen_bot.appointments.messages",
    "citizen_bot.handovers.messages",
    "citizen_bot.notices.messages",
    "citizen_bot.notifications.messages",
    "citizen_bot.visits.messages",
)

RecipientKind = Literal["resident", "staff", "agent", "endpoint"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """`id` is that of the row of residents, staff, agents or endpoints."""

    kind: RecipientKind
    id: int


@dataclass(frozen=True, slots=True)
class Composition:
    """What a composer works with. `link(path)` is the whole address of a page of ours; those that nobody may make up
    are signed with `secret_key`."""

    connection: Connection
    office: Office
    catalogue: Catalogue
    say: Wordings
    link: Callable[[str], str]
    now: datetime
    secret_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Compositions:
    """What all compositions of a process have in common. `catalogue` gives the published one of the moment."""

    office: Office
    catalogue: Callable[[Connection], Catalogue]
    say: Wordings
    link: Callable[[str], str]
    secret_key: str = field(default="", repr=False)

    def at(self, connection: Connection, now: datetime) -> Composition:
        return Composition(
            connection, self.office, self.catalogue(connection), self.say, self.link, now, self.secret_key
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One message in every shape that a channel may need.

    `title` and `lines` (name, value) make a card, `text` the whole message in a chat. `template` names the entry of
    intents/templates.yaml, which takes `fields` by their names there. `payload` is what a webhook gets: ids, codes,
    states and times, no names, phones or addresses.
    """

    title: str
    text: str
    lines: tuple[tuple[str, str], ...] = ()
    url: str | None = None
    template: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    payload: Mapping[str, object] = field(default_factory=dict)


Composer = Callable[[Composition, int, Recipient], Message | None]

_composers: dict[str, Composer] = {}


def composes(kind: str) -> Callable[[Composer], Composer]:
    """Registers how a notification of `kind` reads: `(composition, subject_id, recipient) -> Message | None`."""

    def register(composer: Composer) -> Composer:
        if kind in _composers:
            raise ValueError(f"two composers for {kind}")
        _composers[kind] = composer
        return composer

    return register


def load_composers() -> None:
    """Every process that composes calls this once."""
    for module in COMPOSER_MODULES:
        importlib.import_module(module)


def compose(kind: str, composition: Composition, subject_id: int, recipient: Recipient) -> Message | None:
    """None: there is nothing (any more) to tell. Raises KeyError for a kind that nobody registered."""
    return _composers[kind](composition, subject_id, recipient)
