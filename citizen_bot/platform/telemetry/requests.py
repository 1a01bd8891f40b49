"""A request's id: on every log line of the request, in its answer, and in the jobs that it enqueues."""

import re
import secrets
import string
import time

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

HEADER = "X-Request-Id"
LENGTH = 20
# What is asked every few seconds by machines is told only when somebody looks for it.
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_WELL_FORMED = re.compile(rf"[a-z]{{{LENGTH}}}")

log = structlog.get_logger(__name__)


def new_request_id() -> str:
    """94 random bits as small letters: no digits, so that nothing in it can be taken for a number to withhold."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(LENGTH))


def current_request_id() -> str:
    """The id of the request or job in which the caller runs; empty outside of one."""
    found = get_contextvars().get("request_id", "")
    return found if isinstance(found, str) else ""


def bind_request_id(request_id: str) -> None:
    """From here on this thread's (or task's) log lines carry `request_id` and nothing of what was bound before."""
    clear_contextvars()
    bind_contextvars(request_id=request_id)


def install_request_id(app: Flask) -> None:
    """Gives each request an id, answers it in X-Request-Id, and logs one line a request: the rule that it met, never
    its path or query string, which may carry signed links and signatures.

    An id from outside is taken only in our own form (a balancer of ours made it).
    """
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    bind_request_id(given if _WELL_FORMED.fullmatch(given) else new_request_id())
    g.request_began = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers[HEADER] = current_request_id()
    tell = log.debug if request.path in _QUIET else log.info
    spent = time.perf_counter() - g.request_began
    rule = request.url_rule.rule if request.url_rule else "unknown"
    tell("request", method=request.method, rule=rule, status=response.status_code, ms=round(spent * 1000, 1))
    return response
