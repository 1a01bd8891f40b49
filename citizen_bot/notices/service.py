"""Which notices were told to whom, each under a short number. Public: tell, find, Told."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.notices.models import notices
from citizen_bot.notices.notice import Notice
from citizen_bot.platform.privacy import Privacy

__all__ = ["ISSUED", "Told", "find", "tell"]

# The kind of notification by which a resident gets what staff issued.
ISSUED = "notice.told"

_NEW = insert(notices)
_TELL = _NEW.on_conflict_do_update(
    index_elements=[notices.c.same],
    set_={"last_told_at": _NEW.excluded.last_told_at, "times_told": notices.c.times_told + 1},
).returning(notices.c.id)
_FIND = select(notices).where(notices.c.id == bindparam("of_id"))


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as it was told. `told_by` is the member of staff who issued it, None for the bot."""

    number: int
    notice: Notice
    catalogue_hash: str
    resident_id: int | None
    told_by: str | None
    first_told_at: datetime
    last_told_at: datetime
    times_told: int


def tell(
    connection: Connection,
    privacy: Privacy,
    notice: Notice,
    *,
    catalogue_hash: str,
    resident_id: int | None,
    at: datetime,
    told_by: str | None = None,
) -> int:
    """Keeps that `notice` was told and returns its number.

    The same notice, told again to the same resident from the same catalogue by the same teller, has the number that it
    got the first time. What staff issue to somebody who is not known here is a notice of its own each time.
    """
    stranger = told_by is not None and resident_id is None
    told = json.dumps([asdict(notice), catalogue_hash, resident_id, told_by], sort_keys=True, default=str)
    values = {
        "same": privacy.index("notice", secrets.token_hex(16) if stranger else told),
        "resident_id": resident_id,
        "kind": notice.kind,
        "subject": notice.subject,
        "answers_sealed": privacy.seal(json.dumps(dict(notice.answers))),
        "reason": notice.reason,
        "remedy": notice.remedy,
        "missing": list(notice.missing),
        "due": notice.due,
        "catalogue_hash": catalogue_hash,
        "told_by": told_by,
        "first_told_at": at,
        "last_told_at": at,
        "times_told": 1,
    }
    number: int = connection.execute(_TELL, values).scalar_one()
    return number


def find(connection: Connection, privacy: Privacy, number: int) -> Told | None:
    row = connection.execute(_FIND, {"of_id": number}).one_or_none()
    if row is None:
        return None
    notice = Notice(
        kind=row.kind,
        subject=row.subject,
        answers=json.loads(privacy.open(row.answers_sealed)),
        reason=row.reason,
        remedy=row.remedy,
        missing=tuple(row.missing),
        due=row.due,
    )
    return Told(
        number=row.id,
        notice=notice,
        catalogue_hash=row.catalogue_hash,
        resident_id=row.resident_id,
        told_by=row.told_by,
        first_told_at=row.first_told_at,
        last_told_at=row.last_told_at,
        times_told=row.times_told,
    )
