"""A resident asks for a person. Public: request, withdraw_all."""

from datetime import datetime

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.handovers.models import handovers
from citizen_bot.notifications import service as notifications
from citizen_bot.platform.privacy import Privacy, mask

__all__ = ["ASKED", "request", "withdraw_all"]

ASKED = "handover.asked"


def request(
    connection: Connection,
    privacy: Privacy,
    *,
    resident_id: int,
    question: str | None,
    item: str | None,
    asked_at: datetime,
    promised_at: datetime,
    answer_by: datetime | None = None,
) -> int:
    """Records the request and lets the staff know; returns its number. Where nobody takes it on until `answer_by`
    (`promised_at`, if that is not given), the next person is told.

    Who already waits keeps the place in the queue: the same number comes back and the staff are not told twice.
    """
    row = (
        insert(handovers)
        .values(
            resident_id=resident_id,
            question_sealed=None if question is None else privacy.seal(mask(question)),
            item=item,
            state="waiting",
            asked_at=asked_at,
            promised_at=promised_at,
        )
        # Written out: in a generic plan a parameter does not match the index.
        .on_conflict_do_nothing(index_elements=[handovers.c.resident_id], index_where=text("state = 'waiting'"))
        .returning(handovers.c.id)
    )
    number: int | None = connection.scalar(row)
    if number is None:
        waiting = select(handovers.c.id).where(handovers.c.resident_id == resident_id, handovers.c.state == "waiting")
        kept: int = connection.execute(waiting).scalar_one()
        return kept
    recipients = notifications.city_recipients(connection)
    notifications.tell(
        connection, ASKED, number, recipients, occasion="asked", at=asked_at, answer_by=answer_by or promised_at
    )
    return number


def withdraw_all(connection: Connection, resident_id: int) -> None:
    """The resident left: nobody can be answered any more, and the words of the question go."""
    connection.execute(
        update(handovers)
        .where(handovers.c.resident_id == resident_id, handovers.c.state == "waiting")
        .values(state="withdrawn", question_sealed=None)
    )
