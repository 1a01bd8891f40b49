"""Who is told of what happens to a visit. The last thing in every act: telling waits for others who tell too."""

from datetime import datetime

from sqlalchemy import Connection

from citizen_bot.notifications import service as notifications
from citizen_bot.notifications.service import Recipient
from citizen_bot.people import staff
from citizen_bot.visits.records import Visit

TASK = "visit.task"
PROGRESS = "visit.progress"
DISPUTED = "visit.disputed"
LATE = "visit.late"


def task(connection: Connection, visit: Visit, event: int, now: datetime) -> None:
    """Whoever it is assigned to: something to answer (`answer_by`), or nothing to do any more."""
    to = _town(connection, visit.town_code) if visit.agent_id is None else [Recipient("agent", visit.agent_id)]
    notifications.tell(connection, TASK, visit.id, to, occasion=str(event), at=now, answer_by=visit.answer_by)


def taken_on(connection: Connection, visit: Visit, now: datetime) -> None:
    """Nobody else needs to be asked to answer it."""
    notifications.answered(connection, TASK, visit.id, now)


def resident(connection: Connection, visit: Visit, event: int, now: datetime) -> None:
    """Who is no longer, or never was, in WeChat has to be called."""
    if visit.resident_id is not None:
        to = [Recipient("resident", visit.resident_id)]
        notifications.tell(connection, PROGRESS, visit.id, to, occasion=str(event), at=now)


def disputed(connection: Connection, visit: Visit, event: int, now: datetime) -> None:
    """The town's managers; where WeCom reaches none, all who are told of the town's matters."""
    managers = staff.staff_of(connection, visit.town_code, ["site_manager"])
    reached = [Recipient("staff", manager.id) for manager in managers if manager.wecom_userid is not None]
    to = reached or _town(connection, visit.town_code)
    notifications.tell(connection, DISPUTED, visit.id, to, occasion=str(event), at=now)


def late(connection: Connection, visit: Visit, event: int, now: datetime) -> None:
    to = _town(connection, visit.town_code)
    notifications.tell(connection, LATE, visit.id, to, occasion=str(event), at=now)


def _town(connection: Connection, town_code: str) -> list[Recipient]:
    """A town without anybody to be told must not keep a request to itself: then it is the city's."""
    return notifications.site_recipients(connection, town_code) or notifications.city_recipients(connection)
