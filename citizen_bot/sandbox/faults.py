"""Faults that a test or a developer asks of the fake: `state.faults.append(errcode(45009, path="/cgi-bin/menu/*"))`.

A fault waits for requests to a path that matches (`*` matches anything; WeCom's paths begin with /wecom). The oldest
that matches is used first and is gone after `times` uses; None keeps it for ever.
"""

from fnmatch import fnmatchcase
from typing import Any

from citizen_bot.sandbox.state import FakeState, Fault

FOREVER = None


def errcode(code: int, times: int | None = 1, path: str = "*") -> Fault:
    """Answers with this errcode, without the effect."""
    return _fault("errcode", path, times, code=code)


def http(status: int, body: str = "", times: int | None = 1, path: str = "*") -> Fault:
    """A gateway's error page, without the effect."""
    return _fault("http", path, times, status=status, body=body)


def delay(seconds: float, times: int | None = 1, path: str = "*") -> Fault:
    """Does what was asked and answers late. On `*token` it is a token call that hangs."""
    return _fault("delay", path, times, seconds=seconds)


def drop_before(times: int | None = 1, path: str = "*") -> Fault:
    """The connection ends without an answer, before the effect."""
    return _fault("drop_before", path, times)


def drop_after(times: int | None = 1, path: str = "*") -> Fault:
    """The connection ends without an answer, after the effect."""
    return _fault("drop_after", path, times)


def truncate(length: int, times: int | None = 1, path: str = "*") -> Fault:
    """Only the first `length` bytes of the answer's body."""
    return _fault("truncate", path, times, length=length)


def garbage(times: int | None = 1, path: str = "*") -> Fault:
    """Bytes that are neither JSON nor text, after the effect."""
    return _fault("garbage", path, times)


def huge(length: int, times: int | None = 1, path: str = "*") -> Fault:
    """A body of `length` bytes, after the effect."""
    return _fault("huge", path, times, length=length)


def token_rotates(times: int | None = 1, path: str = "*") -> Fault:
    """Somebody else fetched a token just before: all tokens given so far are dead."""
    return _fault("token_rotates", path, times)


def quota(calls: int, path: str) -> Fault:
    """`calls` more calls are served, all later ones get 45009."""
    return _fault("quota", path, FOREVER, left=calls)


KINDS = {
    function.__name__: function
    for function in (errcode, http, delay, drop_before, drop_after, truncate, garbage, huge, token_rotates, quota)
}


def parse(request: dict[str, Any]) -> Fault:
    """Reads `{"kind": "errcode", "code": 45009, "path": "*", "times": 1}` (the arguments of the functions above).

    Raises ValueError, with a sentence, for an unknown kind or arguments that do not fit.
    """
    arguments = dict(request)
    kind = arguments.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    try:
        return KINDS[kind](**arguments)
    except TypeError as error:
        raise ValueError(f"the arguments do not fit: {error}") from error


def take(state: FakeState, path: str) -> Fault | None:
    """The oldest fault that waits for this path, counted down, or None."""
    for fault in state.faults:
        if not fnmatchcase(path, fault["path"]):
            continue
        if fault["kind"] == "quota" and fault["detail"]["left"] > 0:
            fault["detail"]["left"] -= 1
            continue
        if fault["times"] is not None:
            fault["times"] -= 1
            if fault["times"] <= 0:
                state.faults.remove(fault)
        return fault
    return None


def _fault(kind: str, path: str, times: int | None, **detail: Any) -> Fault:
    return Fault(kind=kind, path=path, times=times, detail=detail)
