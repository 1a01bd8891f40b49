"""Members of staff.

Public: Staff, Role, ROLES, SITE_ROLES, NameTaken, add, deactivate, find, named, everybody, staff_of.

Their names are the town's own and no secret; who may do what is decided by the services.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Select, select, update
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.people.models import staff

__all__ = [
    "ROLES",
    "SITE_ROLES",
    "NameTaken",
    "Role",
    "Staff",
    "add",
    "deactivate",
    "everybody",
    "find",
    "named",
    "staff_of",
]

Role = Literal["window", "site_manager", "complaint_handler", "supervisor", "catalogue_editor", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)
# Those who work at one site and nowhere else.
SITE_ROLES: tuple[Role, ...] = ("window", "site_manager")

_COLUMNS = (
    staff.c.id,
    staff.c.name,
    staff.c.role,
    staff.c.site_code,
    staff.c.wecom_userid,
    staff.c.active,
    staff.c.sample,
)


class NameTaken(Exception):
    """Somebody of this name is there already, perhaps no longer active."""


@dataclass(frozen=True, slots=True)
class Staff:
    """`site_code` is None for the roles of the whole city, `wecom_userid` where WeCom does not reach the person."""

    id: int
    name: str
    role: Role
    site_code: str | None
    wecom_userid: str | None
    active: bool
    sample: bool


def add(
    connection: Connection,
    *,
    name: str,
    role: Role,
    site_code: str | None = None,
    wecom_userid: str | None = None,
    sample: bool = False,
) -> Staff:
    """Raises NameTaken, and ValueError for a role of a site without one."""
    if role in SITE_ROLES and site_code is None:
        raise ValueError(f"{role} needs a site")
    row = connection.execute(
        insert(staff)
        .values(name=name, role=role, site_code=site_code, wecom_userid=wecom_userid, active=True, sample=sample)
        .on_conflict_do_nothing(index_elements=[staff.c.name])
        .returning(*_COLUMNS)
    ).first()
    if row is None:
        raise NameTaken(name)
    return Staff(**row._mapping)


def deactivate(connection: Connection, staff_id: int) -> None:
    """From now on the person may do nothing and is told nothing; what was done stays under the name."""
    connection.execute(update(staff).where(staff.c.id == staff_id).values(active=False))


def find(connection: Connection, staff_id: int) -> Staff | None:
    return _one(connection, select(*_COLUMNS).where(staff.c.id == staff_id))


def named(connection: Connection, name: str) -> Staff | None:
    return _one(connection, select(*_COLUMNS).where(staff.c.name == name))


def everybody(connection: Connection) -> list[Staff]:
    return _all(connection, select(*_COLUMNS).order_by(staff.c.id))


def staff_of(connection: Connection, site_code: str, roles: Collection[Role] = SITE_ROLES) -> list[Staff]:
    """The active members of a site in these roles."""
    of_site = select(*_COLUMNS).where(staff.c.active, staff.c.site_code == site_code, staff.c.role.in_(roles))
    return _all(connection, of_site.order_by(staff.c.id))


def _one(connection: Connection, query: Select[Any]) -> Staff | None:
    row = connection.execute(query).first()
    return None if row is None else Staff(**row._mapping)


def _all(connection: Connection, query: Select[Any]) -> list[Staff]:
    return [Staff(**row._mapping) for row in connection.execute(query)]
