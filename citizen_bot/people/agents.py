"""Agents (代办员) of villages and communities, and the one-time code that ties one to a WeChat account.

Public: Agent, CODE_LASTS, NameTaken, add, update, find, name_of, everybody, who_take, agent_of, bind_code, bind.

An agent's name, items, office hours and phone are public for residents; the phone is sealed at rest all the same.
"""

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, any_, func, or_, select
from sqlalchemy import update as sql_update
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.people.models import agents
from citizen_bot.platform.privacy import Privacy

__all__ = [
    "CODE_LASTS",
    "Agent",
    "NameTaken",
    "add",
    "agent_of",
    "bind",
    "bind_code",
    "everybody",
    "find",
    "name_of",
    "update",
    "who_take",
]

# Without the letters and digits that look or sound like another one: 25 of them, eight times, are 37 bits.
_ALPHABET = "ACDEFGHJKMNPQRTUVWXY34679"
_LENGTH = 8
CODE_LASTS = timedelta(days=7)

_COLUMNS = (
    agents.c.id,
    agents.c.name,
    agents.c.division_code,
    agents.c["items"],
    agents.c.office_hours,
    agents.c.phone_sealed,
    agents.c.wecom_userid,
    agents.c.resident_id,
    agents.c.active,
    agents.c.sample,
)


class NameTaken(Exception):
    """The village has an agent of this name already, perhaps no longer active."""


@dataclass(frozen=True, slots=True)
class Agent:
    """`items` are ids of the items taken, none: every item. `office_hours` are in the agent's own words.
    `resident_id` is the own WeChat account, `wecom_userid` the one at WeCom."""

    id: int
    name: str
    division_code: str
    items: tuple[str, ...]
    office_hours: str | None
    phone_sealed: bytes | None = field(repr=False)
    wecom_userid: str | None
    resident_id: int | None
    active: bool
    sample: bool

    @property
    def reachable(self) -> bool:
        return self.resident_id is not None or self.wecom_userid is not None

    def phone(self, privacy: Privacy) -> str | None:
        return None if self.phone_sealed is None else privacy.open(self.phone_sealed)


def add(
    connection: Connection,
    privacy: Privacy,
    *,
    name: str,
    division_code: str,
    items: Sequence[str] = (),
    office_hours: str | None = None,
    phone: str | None = None,
    wecom_userid: str | None = None,
    sample: bool = False,
) -> Agent:
    """`phone` in the form of contacts.check_phone. Raises NameTaken."""
    row = connection.execute(
        insert(agents)
        .values(
            name=name,
            division_code=division_code,
            items=list(items),
            office_hours=office_hours,
            phone_sealed=None if phone is None else privacy.seal(phone),
            wecom_userid=wecom_userid,
            active=True,
            sample=sample,
        )
        .on_conflict_do_nothing(index_elements=[agents.c.name, agents.c.division_code])
        .returning(*_COLUMNS)
    ).first()
    if row is None:
        raise NameTaken(name)
    return _read(row)


def update(connection: Connection, agent: Agent) -> None:
    """Keeps `agent` as it is given (dataclasses.replace of what was read): items, hours, phone, WeCom and whether it
    is active. The account is tied by `bind` only, name and village stay."""
    connection.execute(
        sql_update(agents)
        .where(agents.c.id == agent.id)
        .values(
            items=list(agent.items),
            office_hours=agent.office_hours,
            phone_sealed=agent.phone_sealed,
            wecom_userid=agent.wecom_userid,
            active=agent.active,
        )
    )


def find(connection: Connection, agent_id: int) -> Agent | None:
    return _one(connection, select(*_COLUMNS).where(agents.c.id == agent_id))


def name_of(connection: Connection, agent_id: int) -> str | None:
    agent = find(connection, agent_id)
    return None if agent is None else agent.name


def everybody(connection: Connection, division_code: str | None = None) -> list[Agent]:
    """All agents, of one village with its code, by village."""
    query = select(*_COLUMNS).order_by(agents.c.division_code, agents.c.id)
    if division_code is not None:
        query = query.where(agents.c.division_code == division_code)
    return [_read(row) for row in connection.execute(query)]


def who_take(connection: Connection, division_code: str, item: str | None) -> list[Agent]:
    """The active agents of a village who take the item (None: something that is no item, which takes one who takes
    all) and can be reached."""
    takes: ColumnElement[bool] = func.cardinality(agents.c["items"]) == 0
    if item is not None:
        takes = or_(takes, any_(agents.c["items"]) == item)
    reachable = or_(agents.c.resident_id.is_not(None), agents.c.wecom_userid.is_not(None))
    query = select(*_COLUMNS).where(agents.c.active, agents.c.division_code == division_code, takes, reachable)
    return [_read(row) for row in connection.execute(query.order_by(agents.c.id))]


def agent_of(connection: Connection, resident_id: int) -> Agent | None:
    """The active agent whose WeChat account this is."""
    return _one(connection, select(*_COLUMNS).where(agents.c.resident_id == resident_id, agents.c.active))


def bind_code(connection: Connection, privacy: Privacy, agent_id: int, now: datetime) -> str:
    """A new one-time code for the agent, good for seven days; an earlier one no longer is. It is kept nowhere in the
    clear, so tell it now. Raises sqlalchemy.exc.NoResultFound for an agent who is not there or not active."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    connection.execute(
        sql_update(agents)
        .where(agents.c.id == agent_id, agents.c.active)
        .values(binding_code_index=_index(privacy, code), binding_until=now + CODE_LASTS)
        .returning(agents.c.id)
    ).one()
    return code


def bind(connection: Connection, privacy: Privacy, resident_id: int, code: str, now: datetime) -> Agent | None:
    """Ties the agent of `code` (in any case and width, with blanks or hyphens) to a WeChat account: the code is used
    up, an account of before is let go, and so is another agent that the account was tied to. None for a code that is
    wrong, used or too old."""
    matching = select(agents.c.id).where(
        agents.c.binding_code_index == _index(privacy, code), agents.c.binding_until > now, agents.c.active
    )
    agent_id = connection.execute(matching.with_for_update()).scalar()
    if agent_id is None:
        return None
    connection.execute(
        sql_update(agents).where(agents.c.resident_id == resident_id, agents.c.id != agent_id).values(resident_id=None)
    )
    row = connection.execute(
        sql_update(agents)
        .where(agents.c.id == agent_id)
        .values(resident_id=resident_id, binding_code_index=None, binding_until=None)
        .returning(*_COLUMNS)
    ).one()
    return _read(row)


def _index(privacy: Privacy, code: str) -> bytes:
    plain = unicodedata.normalize("NFKC", code).upper()
    return privacy.index("agent code", "".join(c for c in plain if not c.isspace() and c != "-"))


def _one(connection: Connection, query: Select[Any]) -> Agent | None:
    row = connection.execute(query).first()
    return None if row is None else _read(row)


def _read(row: Any) -> Agent:
    return Agent(**{**row._mapping, "items": tuple(row._mapping["items"])})
