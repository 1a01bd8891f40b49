"""Group robots and webhooks that are told of things. Public: Endpoint, NameTaken, add, remove, everything,
set_default_robot.

An address is a secret: whoever has it can write to the group, or read what a webhook's path gives away.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.channels.webhook import SignedWebhook
from citizen_bot.channels.wecom import GroupRobot
from citizen_bot.notifications.models import endpoints, notifications
from citizen_bot.platform.privacy import Privacy

__all__ = ["Endpoint", "NameTaken", "add", "everything", "remove", "set_default_robot"]

# That of the setting WECOM_ROBOT_KEY.
DEFAULT = "default"
SECRET_BYTES = 32

Kind = Literal["robot", "webhook"]


class NameTaken(Exception):
    """There is an endpoint of that name."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`site_code` None: told of what concerns the whole city, and sites without an endpoint of their own."""

    id: int
    kind: Kind
    name: str
    site_code: str | None
    active: bool
    last_sent_at: datetime | None


def add(
    connection: Connection, privacy: Privacy, *, kind: Kind, address: str, name: str, site_code: str | None
) -> str | None:
    """Adds an endpoint, or brings back a removed one of the same name and kind with another address. Returns a
    webhook's secret, which is shown this once. Raises NameTaken, and ValueError for an address that is none."""
    secret = None
    if kind == "robot":
        GroupRobot("", address)
    else:
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        SignedWebhook(address, secret)
    values = {
        "site_code": site_code,
        "address_sealed": privacy.seal(address),
        "secret_sealed": None if secret is None else privacy.seal(secret),
        "active": True,
    }
    row = insert(endpoints).values(kind=kind, name=name, **values)
    removed = (~endpoints.c.active) & (endpoints.c.kind == kind)
    added = row.on_conflict_do_update(index_elements=[endpoints.c.name], set_=values, where=removed)
    if connection.execute(added.returning(endpoints.c.id)).first() is None:
        raise NameTaken(name)
    return secret


def remove(connection: Connection, name: str, at: datetime) -> int | None:
    """Nothing is sent there any more; returns how many messages for it are dropped, None where there is none. What
    somebody has to take on is not dropped but failed, so that the next person is told."""
    gone = update(endpoints).where(endpoints.c.name == name, endpoints.c.active).values(active=False)
    found = connection.execute(gone.returning(endpoints.c.id)).scalar()
    if found is None:
        return None
    unsent = and_(
        notifications.c.recipient == "endpoint",
        notifications.c.recipient_id == found,
        notifications.c.state.in_(["open", "failed"]),
    )
    left = and_(
        notifications.c.answer_by.is_not(None),
        notifications.c.answered_at.is_(None),
        notifications.c.passed_on_at.is_(None),
    )
    over = {"changed_at": at, "next_at": None}
    dropped = connection.execute(update(notifications).where(unsent, ~left).values(state="dropped", **over))
    connection.execute(update(notifications).where(unsent, left).values(state="failed", **over))
    return dropped.rowcount


def everything(connection: Connection) -> list[Endpoint]:
    columns = (
        endpoints.c.id,
        endpoints.c.kind,
        endpoints.c.name,
        endpoints.c.site_code,
        endpoints.c.active,
        endpoints.c.last_sent_at,
    )
    return [Endpoint(*row) for row in connection.execute(select(*columns).order_by(endpoints.c.id))]


def set_default_robot(connection: Connection, privacy: Privacy, key: str | None) -> None:
    """The robot of the settings is the endpoint "default" of the whole city; without a key it is switched off."""
    if key is None:
        connection.execute(update(endpoints).where(endpoints.c.name == DEFAULT).values(active=False))
        return
    values = {"kind": "robot", "address_sealed": privacy.seal(key), "secret_sealed": None, "active": True}
    row = insert(endpoints).values(name=DEFAULT, site_code=None, **values)
    connection.execute(row.on_conflict_do_update(index_elements=[endpoints.c.name], set_=values))
