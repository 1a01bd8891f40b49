"""What is done to the service while it is used, and how it is undone. The supervisor undoes what is killed."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from citizen_bot.channels.http import READ_TIMEOUT_S
from citizen_bot.sandbox import faults
from citizen_bot.sandbox.state import Fault
from tests.faults.home import Home, eventually
from tests.faults.receiver import Mood, Receiver, WeCom

ROBOT_PATH = "/wecom/cgi-bin/webhook/send"
TOO_SLOW_S = READ_TIMEOUT_S + 1.5
WITHIN_S = 60


@dataclass(frozen=True)
class World:
    home: Home
    receiver: Receiver
    wecom: WeCom

    def mend(self) -> None:
        """Those who are told behave again."""
        self.receiver.behave("takes")
        self.wecom.mend()


@dataclass(frozen=True)
class Harm:
    name: str
    strike: Callable[[World], None]


def _kill_web_workers(world: World) -> None:
    """One after the other."""
    workers = world.home.children_of("web")
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
        _await(lambda: len(world.home.children_of("web")) >= len(workers), "another web worker")


def _kill(name: str, number: signal.Signals, world: World) -> None:
    killed = world.home.signal(name, number)
    _await(lambda: world.home.pid_of(name) not in (killed, None), f"another {name}")


def _kill_worker(world: World) -> None:
    """While it is telling somebody."""
    world.receiver.behave("slow", seconds=3.0)
    _await(lambda: world.receiver.called, "somebody who tells the webhook")
    _kill("worker", signal.SIGKILL, world)


def _flush_valkey(world: World) -> None:
    with world.home.redis() as valkey:
        valkey.flushall()


def _wecom(fault: Fault, world: World) -> None:
    world.wecom.misbehave(fault)
    _await(lambda: world.wecom.called, "somebody who tells the group")


def _receiver(mood: Mood, seconds: float, times: int | None, world: World) -> None:
    world.receiver.behave(mood, seconds=seconds, times=times)
    _await(lambda: world.receiver.called, "somebody who tells the webhook")


# After 45009 the robot says nothing for a minute: those of WeCom come long before or after.
HARMS = (
    Harm("web workers killed", _kill_web_workers),
    Harm("WeCom: HTTP 500", partial(_wecom, faults.http(500, "oops", None, ROBOT_PATH))),
    Harm("PostgreSQL killed", partial(_kill, "postgres", signal.SIGKILL)),
    Harm("webhook hangs up, after", partial(_receiver, "drops_after", 0.0, None)),
    Harm("worker killed", _kill_worker),
    Harm("WeCom hangs up, before", partial(_wecom, faults.drop_before(None, ROBOT_PATH))),
    Harm("Valkey killed", partial(_kill, "valkey", signal.SIGKILL)),
    Harm("webhook: HTTP 500", partial(_receiver, "error", 0.0, None)),
    Harm("WeCom too slow", partial(_wecom, faults.delay(TOO_SLOW_S, 1, ROBOT_PATH))),
    Harm("PostgreSQL stopped", partial(_kill, "postgres", signal.SIGINT)),
    Harm("webhook refuses", partial(_receiver, "refuses", 0.0, None)),
    Harm("WeCom hangs up, after", partial(_wecom, faults.drop_after(1, ROBOT_PATH))),
    Harm("Valkey emptied", _flush_valkey),
    Harm("WeCom: robot is gone", partial(_wecom, faults.errcode(93000, None, ROBOT_PATH))),
    Harm("WeCom: errcode 45009", partial(_wecom, faults.errcode(45009, path=ROBOT_PATH))),
    Harm("web parent killed", partial(_kill, "web", signal.SIGKILL)),
    Harm("webhook too slow", partial(_receiver, "slow", TOO_SLOW_S, 3)),
    Harm("webhook hangs up, before", partial(_receiver, "drops_before", 0.0, None)),
)


def _await(holds: Callable[[], bool], what: str) -> None:
    assert eventually(holds, WITHIN_S, 0.02), f"not within {WITHIN_S} s: {what}"
