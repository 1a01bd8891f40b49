"""Child processes whose lifetimes are ours: they end with us, and what a killed predecessor left is found and ended."""

import contextlib
import ctypes
import functools
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

Pause = Callable[[float], None]


def die_with_parent(parent: int, with_signal: signal.Signals) -> None:
    """Lets the kernel send this process `with_signal` when its parent (the thread that forked it) ends.

    `parent` is the parent's process id, to notice that it has ended already.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), with_signal)


class Child:
    """A program that runs in the foreground, as our child, until it is stopped.

    It has a process group of its own, so that Ctrl-C in the terminal reaches only us and the order of stopping is
    ours. Its process is written down in `folder`/`name`.pid.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        folder: Path,
        marker: str,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
        stop_with: signal.Signals = signal.SIGTERM,
        kill_with: signal.Signals = signal.SIGKILL,
    ) -> None:
        """`marker` is one of the arguments: with the start time it tells the process from any other of the same id.

        All output goes to `log`, or else to our stderr. `stop_with` asks for a decent end, also when we die;
        `kill_with` ends the program at once, as decently as it still can.
        """
        self.name = name
        self._argv = list(argv)
        self.pid_file = folder / f"{name}.pid"
        self._marker = marker
        self._environment = environment
        self._log = log
        self._stop_with = stop_with
        self._kill_with = kill_with
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs or before it was started; negative for a signal."""
        return self._process.poll() if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Raises OSError where the program cannot be run."""
        output: IO[bytes] | int = 2 if self._log is None else self._log.open("ab")
        try:
            self._process = subprocess.Popen(  # noqa: S603
                self._argv,
                env=None if self._environment is None else dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.pid_file.parent if self._log is not None else None,
                start_new_session=True,
                preexec_fn=functools.partial(_prepare, os.getpid(), self._stop_with),
            )
        finally:
            if not isinstance(output, int):
                output.close()
        written = {"pid": self._process.pid, "started": _started(self._process.pid), "marker": self._marker}
        self.pid_file.write_text(json.dumps(written), encoding="utf-8")

    def ask_to_stop(self) -> None:
        if self.running and self._process:
            self._process.send_signal(self._stop_with)

    def stop(self, *, within: float, pause: Pause = time.sleep) -> bool:
        """Ends the program; False when it had to be ended by force after `within` seconds."""
        self.ask_to_stop()
        decent = _wait(lambda: not self.running, within, pause)
        if not decent:
            self.kill()
        self.pid_file.unlink(missing_ok=True)
        return decent

    def kill(self) -> None:
        """Ends the program and its whole group at once."""
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(self._kill_with)
            _wait(lambda: not self.running, 5, time.sleep)
        _kill_group(self._process.pid)
        self._process.wait()
        self.pid_file.unlink(missing_ok=True)


def end_leftover(
    pid_file: Path, *, stop_with: signal.Signals = signal.SIGTERM, within: float = 15, pause: Pause = time.sleep
) -> bool:
    """Ends the process that `pid_file` tells of, if it is still that very process. True when there was one to end."""
    try:
        written = json.loads(pid_file.read_text("utf-8"))
        pid, started, marker = int(written["pid"]), str(written["started"]), str(written["marker"])
    except (OSError, ValueError, KeyError, TypeError):
        pid_file.unlink(missing_ok=True)
        return False

    def runs() -> bool:
        return _started(pid) == started

    found = runs() and runs_with(pid, marker)
    if found:
        os.kill(pid, stop_with)
        if not _wait(lambda: not runs(), within, pause):
            _kill_group(pid)
            _wait(lambda: not runs(), 5, time.sleep)
    pid_file.unlink(missing_ok=True)
    return found


def runs_with(pid: int, argument: str) -> bool:
    """Whether the process `pid` lives and has `argument` in its command line. A zombie does not live."""
    try:
        return argument.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _started(pid: int) -> str:
    """When the process started: boot and clock ticks since then. Empty when there is none, or only a zombie.

    Not before it is a zombie has a dying process let go of its ports and files.
    """
    try:
        # The second field is the program's name in brackets, which may hold blanks.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{boot}:{fields[19]}"


def _prepare(parent: int, death_signal: signal.Signals) -> None:
    """Runs in the child before the program: the supervisor keeps its signals blocked, a program must not."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    die_with_parent(parent, death_signal)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _wait(done: Callable[[], bool], within: float, pause: Pause) -> bool:
    until = time.monotonic() + within
    while not done():
        left = until - time.monotonic()
        if left <= 0:
            return False
        pause(min(0.05, left))
    return True
