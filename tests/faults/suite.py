"""Residents use the service while something breaks; afterwards nothing may be lost or doubled.

    python -m tests.faults.suite --rounds 20

Starts `citizen-bot up` in a folder of its own, once for all rounds. A table and whatever is found go to stderr; stdout
gets one line: {"rounds": n, "acknowledged": n, "lost": n, "doubled": n}. `acknowledged` counts bookings of which a
resident read the code. The exit code is 1 where something was lost or doubled, or another check failed.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from citizen_bot.notifications.attempts import LEASE
from citizen_bot.platform.calendar import load_calendar
from citizen_bot.platform.clock import SHANGHAI, SystemClock
from citizen_bot.settings import data_folder
from tests.faults.checks import Bookings, Findings, Notifications
from tests.faults.harm import HARMS, Harm, World
from tests.faults.home import Home, eventually
from tests.faults.receiver import Receiver, WeCom
from tests.faults.residents import HOURS, Crowd, GaveUp, Place, Resident, Wish
from tests.faults.wechat import WeChat

ROUNDS = 20
RESIDENTS = 14
SEATS = 6
TOWNS = {"371083100": "夏村镇", "371083101": "乳山口镇", "371083103": "白沙滩镇", "371083106": "冯家镇",
         "371083110": "崖子镇", "371083111": "诸往镇", "371083114": "徐家镇"}  # fmt: skip
# Working days from now on that are booked: not today, whose hours pass, and not the last, which is none at midnight.
FIRST_DAY, LAST_DAY = 2, 9
# How long the others misbehave. Longer than the first wait, so that a second attempt may fail too.
HARM_S = 5.5
READY_WITHIN_S = 60
# What is not told by then (WeCom has asked for a minute's rest, a dead worker's jobs wait to be taken over at the full
# minute) comes while the next rounds go on, or is waited for at the end.
DRAINED_WITHIN_S = 10
FINISHED_WITHIN_S = 180
REPEATED = 12
HEADING = f"{'':3} {'fault':26}{'wishes':>8}{'booked':>8}{'repeats':>9}{'retries':>9}{'resent':>8}{'seconds':>9}"

# An attempt is over long before. One of which nobody keeps what came of it (its worker or the database was killed) is
# made again after five minutes, and a dead worker's jobs are taken over half a minute after its last sign of life: for
# these the clock is put forward.
ATTEMPT = timedelta(seconds=25)
HEARTBEAT = timedelta(seconds=15)

_UNTOLD = """
    SELECT count(*) FILTER (WHERE state = 'failed') AS failed, count(*) AS "all" FROM notifications
     WHERE state IN ('open', 'failed')
"""
_FORWARD = (
    """
    UPDATE notifications SET sending_until = now(), changed_at = changed_at - interval '5 minutes'
     WHERE state = 'open' AND sending_until > now() AND sending_until < now() + %(lease)s - %(attempt)s
    """,
    """
    UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'
     WHERE last_heartbeat < now() - %(heartbeat)s
    """,
)


@dataclass(frozen=True)
class Result:
    rounds: int
    acknowledged: int
    lost: int
    doubled: int


class Suite:
    """All rounds on one home."""

    def __init__(self, folder: Path, seed: int, residents: int) -> None:
        self._seed = seed
        self._residents = residents
        self._chance = random.Random(seed)
        self._receiver, self._wecom = Receiver(), WeCom()
        self.home = Home(folder, dict.fromkeys(TOWNS, SEATS), WECOM_API_BASE=self._wecom.url)
        self._world = World(self.home, self._receiver, self._wecom)
        self.findings = Findings()
        self._bookings = Bookings(self.home, SEATS, self.findings)
        self._notifications = Notifications(self.home, self.findings)
        self._wishes: list[Wish] = []
        self._days = _working_days()
        self._rounds = 0

    def run(self, harms: Sequence[Harm]) -> Result:
        started = time.monotonic()
        try:
            self.home.start()
            self._add_webhook()
            wechat = WeChat(self.home.ready)
            _say(f"ready after {time.monotonic() - started:.1f} s, seed {self._seed}")
            _say(HEADING)
            for number, harm in enumerate(harms):
                self._round(number, harm, wechat)
                self._rounds += 1
            self._drain(FINISHED_WITHIN_S)
            self._check(wechat, finished=True)
        except Exception as error:
            self.findings.faults.add(f"the suite broke off: {error!r}")
        finally:
            self.home.stop()
            self._receiver.stop()
            self._wecom.stop()
        acknowledged = sum(wish.code is not None for wish in self._wishes)
        _say(f"{time.monotonic() - started:.0f} s in all")
        return Result(self._rounds, acknowledged, len(self.findings.lost), len(self.findings.doubled))

    def _add_webhook(self) -> None:
        added = self.home.command("notifications", "endpoint", "add", "--webhook", self._receiver.url, "--name", "hook")
        self._receiver.trust(added.split("secret: ")[1].strip())

    def _round(self, number: int, harm: Harm, wechat: WeChat) -> None:
        started, before = time.monotonic(), set(self.findings.everything())
        repeats, resent = wechat.repeats, self._resent()
        code, town = list(TOWNS.items())[number % len(TOWNS)]
        place = Place(town, self._days[number // len(TOWNS) % len(self._days)])
        crowd = Crowd(wechat, place, self._residents, f"{self._seed} {number}")
        crowd.start()
        time.sleep(self._chance.uniform(0.8, 2.0))
        struck = time.monotonic()
        harm.strike(self._world)
        time.sleep(max(0.0, struck + HARM_S - time.monotonic()))
        self._world.mend()
        crowd.wait()
        self._wishes += crowd.wishes
        if not eventually(self.home.is_ready, READY_WITHIN_S):
            self.findings.faults.add(f"round {number + 1}: not ready after {READY_WITHIN_S} s")
        wechat.deliver_again(REPEATED, self._chance)
        self._take_what_was_given_back(code, Resident(wechat, place, self._residents, f"{self._seed} {number} late"))
        self._drain(DRAINED_WITHIN_S)
        self.findings.faults.update(crowd.broken)
        self._check(wechat, finished=False)
        booked = sum(wish.code is not None for wish in crowd.wishes)
        _say(
            f"{number + 1:>3} {harm.name:26}{len(crowd.wishes):>8}{booked:>8}{wechat.repeats - repeats:>9}"
            f"{crowd.rewritten:>9}{self._resent() - resent:>8}{time.monotonic() - started:>9.1f}"
        )
        if booked == 0:
            self.findings.faults.add(f"round {number + 1}: nobody could book")
        for wish in crowd.wishes:
            for answer in wish.confusions:
                _say(f"    a resident does not know what to make of: {answer!r}")
        for found in self.findings.everything():
            if found not in before:
                _say(f"    {found}")

    def _resent(self) -> int:
        """How often the webhook got something that it had got before."""
        return len(self._receiver.arrivals) - len({arrival.id for arrival in self._receiver.arrivals})

    def _take_what_was_given_back(self, site_code: str, resident: Resident) -> None:
        """A seat that somebody gave back is there for the next one."""
        hours = [at for at in self._bookings.given_back(site_code, resident.place.day) if at[2:] in HOURS.values()]
        if not hours:
            return
        wanted = self._chance.choice(hours)
        spelled = next(hour for hour, at in HOURS.items() if at == wanted[2:])
        try:
            got = resident.take(spelled).moment
        except GaveUp:
            got = None
        self._wishes += resident.wishes
        if got != wanted:
            self.findings.faults.add(f"the hour {wanted} was given back, and a resident got {got}")

    def _drain(self, within: float) -> None:
        """Waits until everybody is told. What was given up is sent again, as an operator would."""

        def drained() -> bool:
            for statement in _FORWARD:
                self.home.sql(statement, lease=LEASE, attempt=ATTEMPT, heartbeat=HEARTBEAT)
            (untold,) = self.home.sql(_UNTOLD)
            if untold["failed"]:
                self.home.command("notifications", "retry", "--all")
            return untold["all"] == 0

        eventually(drained, within, 0.3)

    def _check(self, wechat: WeChat, *, finished: bool) -> None:
        self._notifications.heard(self._wecom.told())
        self._bookings.check(self._wishes)
        self._notifications.check(self._wishes, list(self._receiver.arrivals), finished=finished)
        self.findings.faults.update(self._receiver.faults)
        if not self.home.runs:
            self.findings.faults.add("citizen-bot up has ended")
        self.findings.doubled.update(f"message {number} has two answers" for number in wechat.contradicted())


def run(harms: Sequence[Harm], seed: int = 0, residents: int = RESIDENTS) -> tuple[Result, list[str]]:
    """What came of one round for each of `harms` with so many residents at once, and whatever was found."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        suite = Suite(Path(folder), seed, residents)
        result = suite.run(harms)
        found = suite.findings.everything()
        if found:
            kept = Path(tempfile.mkstemp(prefix="faults-", suffix=".log")[1])
            kept.write_bytes(suite.home.log.read_bytes())
            _say(f"the service's log is kept in {kept}")
        return result, found


def main() -> None:
    parser = argparse.ArgumentParser(description="Break the service while it is used, and see what is lost.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="one fault each, in turn (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="what residents do, and which fault is first")
    arguments = parser.parse_args()
    # So that the service is stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    harms = [HARMS[(arguments.seed + number) % len(HARMS)] for number in range(arguments.rounds)]
    result, found = run(harms, arguments.seed)
    for line in found:
        _say(line)
    print(json.dumps(asdict(result)), flush=True)  # noqa: T201
    sys.exit(bool(found))


def _working_days() -> list[date]:
    calendar = load_calendar(data_folder("guides"))
    today = SystemClock().now().astimezone(SHANGHAI).date()
    return [calendar.add_working_days(today, ahead) for ahead in range(FIRST_DAY, LAST_DAY + 1)]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
