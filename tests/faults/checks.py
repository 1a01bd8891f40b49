"""What must hold after each round, seen from outside: the database, what the receivers got, what residents read."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.numbers import APPOINTMENT
from citizen_bot.platform.privacy import Privacy
from citizen_bot.settings import Settings
from tests.faults.home import Home
from tests.faults.receiver import Arrival
from tests.faults.residents import Moment, Wish

# A notification is told within this time, whatever happens; but see `finished`.
STUCK_AFTER_S = 200
# A message is composed just before it is sent; what was cancelled longer before that must not be told as booked.
ON_ITS_WAY_S = 2.0
TOLD = re.compile(r"\*\*(\S+?)\*\*\n> 预约号：(Y\d+)")
NEWLY_BOOKED = "有新预约"

_APPOINTMENTS = """
    SELECT a.id, a.state, a.seat_no, a.slot_id, a.phone_sealed, s.starts_at,
           (SELECT count(*) FROM appointment_events e WHERE e.appointment_id = a.id AND e.event = 'booked') AS booked
      FROM appointments a JOIN slots s ON s.id = a.slot_id WHERE a.phone_sealed IS NOT NULL ORDER BY a.id
"""
_GIVEN_BACK = """
    SELECT s.starts_at FROM slots s
     WHERE s.site_code = %(site)s AND s.window_id = 'general'
       AND EXISTS (SELECT FROM appointment_events e JOIN appointments a ON a.id = e.appointment_id
                    WHERE e.slot_id = s.id AND e.event IN ('booked', 'moved')
                      AND (a.state = 'cancelled' OR a.slot_id != s.id))
       AND (SELECT count(*) FROM appointments a WHERE a.slot_id = s.id AND a.state != 'cancelled') < %(seats)s
     ORDER BY s.starts_at
"""
_EVENTS = """
    SELECT id, appointment_id FROM appointment_events WHERE event IN ('booked', 'moved', 'cancelled') ORDER BY id
"""
_NOTIFICATIONS = """
    SELECT n.id, n.key::text AS key, n.subject_id, n.occasion, n.state, p.kind AS endpoint,
           extract(epoch FROM now() - n.created_at) AS age,
           coalesce((SELECT sum(d.attempts) FROM deliveries d WHERE d.notification_id = n.id), 0) AS attempts
      FROM notifications n JOIN endpoints p ON p.id = n.recipient_id
     WHERE n.kind = 'appointment.staff' AND n.recipient = 'endpoint' ORDER BY n.id
"""


@dataclass
class Findings:
    """`lost` and `doubled` have one entry for each case, however often it is seen; `faults` is all else."""

    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    faults: set[str] = field(default_factory=set)

    def everything(self) -> list[str]:
        kinds = (("lost", self.lost), ("doubled", self.doubled), ("fault", self.faults))
        return [f"{kind}: {what}" for kind, found in kinds for what in sorted(found)]


class Bookings:
    """What residents were told, against what is there."""

    def __init__(self, home: Home, seats: int, findings: Findings) -> None:
        self._home = home
        self._seats = seats
        self._findings = findings
        self._privacy = Privacy(Settings.from_environment({}).privacy_keys)

    def check(self, wishes: Sequence[Wish]) -> None:
        rows = {row["id"]: row for row in self._home.sql(_APPOINTMENTS)}
        by_phone = defaultdict(list)
        for row in rows.values():
            row["phone"] = self._privacy.open(row["phone_sealed"])
            row["stands"] = (row["state"], _moment(row["starts_at"]))
            by_phone[row["phone"]].append(row)
        for wish in wishes:
            if wish.code is not None:
                self._kept(wish, rows.get(APPOINTMENT.read(wish.code)))
            self._once(wish, by_phone[wish.phone])
        self._seats_apart(rows.values())

    def _kept(self, wish: Wish, row: Any) -> None:
        if row is None or row["phone"] != wish.phone:
            self._findings.lost.add(f"{wish.code} was acknowledged and is not there")
        elif row["stands"] not in wish.possible:
            self._findings.lost.add(f"{wish.code} is {row['stands']}, was acknowledged as {sorted(wish.possible)}")

    def _once(self, wish: Wish, rows: Sequence[Any]) -> None:
        booked = [row["id"] for row in rows if row["booked"]]
        if len(booked) > 1 or any(row["booked"] > 1 for row in rows) or len(wish.codes) > 1:
            self._findings.doubled.add(f"one wish led to the appointments {booked}, told as {sorted(wish.codes)}")

    def _seats_apart(self, rows: Iterable[Any]) -> None:
        """Who is coming has a seat of their own, who has cancelled has none, and no hour has more people than seats."""
        holders: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            if row["state"] in ("cancelled", "expired"):
                if row["seat_no"] is not None:
                    self._findings.faults.add(f"appointment {row['id']} is {row['state']} and keeps its seat")
            elif row["seat_no"] is None:
                self._findings.lost.add(f"appointment {row['id']} is {row['state']} without a seat")
            else:
                holders[row["slot_id"]].append(row["seat_no"])
        for slot_id, taken in holders.items():
            if len(set(taken)) < len(taken) or len(taken) > self._seats:
                self._findings.doubled.add(f"hour {slot_id} with {self._seats} seats has {sorted(taken)}")

    def given_back(self, site_code: str, day: date) -> list[Moment]:
        """The hours of this site and day in which somebody has cancelled or moved away, and a seat must be free."""
        rows = self._home.sql(_GIVEN_BACK, site=site_code, seats=self._seats)
        moments = [_moment(row["starts_at"]) for row in rows]
        return [moment for moment in moments if moment[:2] == (day.month, day.day)]


class Notifications:
    """What staff were told, against what happened."""

    def __init__(self, home: Home, findings: Findings) -> None:
        self._home = home
        self._findings = findings
        self._robot: dict[str, list[tuple[float, str]]] = defaultdict(list)

    def heard(self, said: Iterable[tuple[float, str]]) -> None:
        """Takes in what the group's robot has said."""
        for at, text in said:
            for title, code in TOLD.findall(text):
                self._robot[code].append((at, title))

    def check(self, wishes: Sequence[Wish], arrivals: Sequence[Arrival], *, finished: bool) -> None:
        """`finished`: nothing may be open any more, for whatever reason."""
        rows = self._home.sql(_NOTIFICATIONS)
        by_key = defaultdict(list)
        for arrival in arrivals:
            by_key[arrival.id].append(arrival)
        for unknown in by_key.keys() - {row["key"] for row in rows}:
            self._findings.faults.add(f"the webhook got {unknown}, which is the key of no notification")
        for row in rows:
            self._told(row, by_key[row["key"]], finished)
        self._everything_told(rows)
        self._last_word(rows, by_key)
        self._nothing_stale(wishes, arrivals)

    def _told(self, row: Any, arrivals: Sequence[Arrival], finished: bool) -> None:
        fault = self._findings.faults.add
        name = f"notification {row['id']} of appointment {row['subject_id']} to the {row['endpoint']}"
        if row["state"] not in ("told", "open", "failed"):
            fault(f"{name} is {row['state']}")
        if row["state"] != "told" and (finished or row["age"] > STUCK_AFTER_S):
            fault(f"{name} is stuck")
        if row["endpoint"] != "webhook":
            return
        if row["state"] == "told" and not any(arrival.taken for arrival in arrivals):
            fault(f"{name} counts as told and never arrived")
        if len(arrivals) > row["attempts"]:
            fault(f"{name} arrived {len(arrivals)} times in {row['attempts']} attempts")
        if any(arrival.data["subject"] != row["subject_id"] for arrival in arrivals):
            fault(f"{name} had the key of another one")

    def _everything_told(self, rows: Sequence[Any]) -> None:
        """Each thing that happened has one notification for each endpoint."""
        had = Counter((row["endpoint"], row["occasion"]) for row in rows)
        for event in self._home.sql(_EVENTS):
            for endpoint in ("webhook", "robot"):
                if (count := had.pop((endpoint, str(event["id"])), 0)) != 1:
                    self._findings.faults.add(f"event {event['id']} has {count} notifications to the {endpoint}")
        if had:
            self._findings.faults.add(f"notifications of what never happened: {sorted(had)}")

    def _last_word(self, rows: Sequence[Any], by_key: dict[str, list[Arrival]]) -> None:
        """What the webhook was told last of an appointment is how it stands; the robot has named each one."""
        stands = {row["id"]: row for row in self._home.sql(_APPOINTMENTS)}
        last = {row["subject_id"]: row for row in rows if row["endpoint"] == "webhook"}
        for subject, row in last.items():
            arrived = [arrival.data for arrival in by_key[row["key"]] if arrival.taken]
            if arrived and (arrived[-1]["state"], _moment(datetime.fromisoformat(arrived[-1]["starts_at"]))) != (
                stands[subject]["state"],
                _moment(stands[subject]["starts_at"]),
            ):
                self._findings.faults.add(f"the webhook's last word of appointment {subject} is {arrived[-1]}")
        for row in rows:
            code = APPOINTMENT.spell(row["subject_id"])
            if row["endpoint"] == "robot" and row["state"] == "told" and code not in self._robot:
                self._findings.faults.add(f"the robot never named {code}")

    def _nothing_stale(self, wishes: Sequence[Wish], arrivals: Sequence[Arrival]) -> None:
        cancelled = {wish.code: wish.cancelled_at + ON_ITS_WAY_S for wish in wishes if wish.code and wish.cancelled_at}
        for arrival in arrivals:
            since = cancelled.get(arrival.data.get("code", ""))
            if since is not None and arrival.at > since and arrival.data["state"] != "cancelled":
                self._findings.faults.add(f"the webhook was told of {arrival.data['code']}, which was cancelled")
        for code, since in cancelled.items():
            if any(at > since and title == NEWLY_BOOKED for at, title in self._robot[code]):
                self._findings.faults.add(f"the robot told of {code} as booked, which was cancelled")


def _moment(starts_at: datetime) -> Moment:
    local = starts_at.astimezone(SHANGHAI)
    return local.month, local.day, local.hour, local.minute
