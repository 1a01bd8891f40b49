"""Access tokens of official accounts and mini-programs, and the JS-SDK's ticket."""

import re
from typing import Any

from citizen_bot.sandbox.api.core import Endpoint, Refusal, Request
from citizen_bot.sandbox.state import FakeState, Token

LIFETIME = 7200
OVERLAP = 300
DAY = 86400.0
SHAPE = re.compile(r"[A-Za-z0-9_-]{64,512}")


def check(state: FakeState, value: str | None, guard: str, at: float) -> Token:
    """The living token of that value. Raises Refusal as Tencent does for a missing, malformed, unknown or old one."""
    if not value:
        raise Refusal(41001)
    token = state.tokens.get(value)
    if token is None:
        raise Refusal(40001 if SHAPE.fullmatch(value) else 40014)
    if (token["kind"] == "wecom") != (guard == "wecom"):
        raise Refusal(40001)
    if token["expires"] <= at:
        raise Refusal(42001)
    return token


def issue(state: FakeState, app: str, kind: str, at: float) -> str:
    """A new token of that kind, good for two hours."""
    value = f"fake_{kind}_{state.next_number()}_".ljust(136, "x")
    state.tokens[value] = Token(app=app, kind=kind, expires=at + LIFETIME)
    return value


def living(state: FakeState, app: str, kind: str, at: float) -> list[str]:
    """The tokens of that kind that are still good, the one that lives longest last."""
    found = [v for v, t in state.tokens.items() if (t["app"], t["kind"]) == (app, kind) and t["expires"] > at]
    return sorted(found, key=lambda value: state.tokens[value]["expires"])


def kill_all(state: FakeState, at: float) -> None:
    """Every access token dies: somebody else fetched one."""
    for token in state.tokens.values():
        token["expires"] = min(token["expires"], at)


def _check_secret(state: FakeState, app: str | None, secret: str | None) -> str:
    if not app:
        raise Refusal(41002)
    if app not in state.apps:
        raise Refusal(40013)
    if not secret:
        raise Refusal(41004)
    if state.apps[app] != secret:
        raise Refusal(40125)
    return app


def _token(state: FakeState, request: Request) -> dict[str, Any]:
    if request.query.get("grant_type") != "client_credential":
        raise Refusal(40002)
    app = _check_secret(state, request.query.get("appid"), request.query.get("secret"))
    if not state.allowed_again(f"token {app}", 2000, DAY, request.at):
        raise Refusal(45009)
    for value in living(state, app, "old", request.at):
        state.tokens[value]["expires"] = min(state.tokens[value]["expires"], request.at + OVERLAP)
    return {"access_token": issue(state, app, "old", request.at), "expires_in": LIFETIME}


def _stable_token(state: FakeState, request: Request) -> dict[str, Any]:
    if request.json.get("grant_type") != "client_credential":
        raise Refusal(40002)
    app = _check_secret(state, request.json.get("appid"), request.json.get("secret"))
    if not state.allowed_again(f"stable {app}", 10_000, 60, request.at):
        raise Refusal(45011)
    current = living(state, app, "stable", request.at)
    if request.json.get("force_refresh") is True:
        # Asked for the day first: a call that is refused counts for neither.
        if state.counters.get(f"forced {app}") and state.counters[f"forced {app}"][-1] > request.at - 30:
            raise Refusal(45011)
        if not state.allowed_again(f"forced {app}", 20, DAY, request.at):
            raise Refusal(45009)
        for value in current:
            state.tokens[value]["expires"] = request.at
        current = []
    if not current or state.tokens[current[-1]]["expires"] - request.at <= OVERLAP:
        current.append(issue(state, app, "stable", request.at))
    value = current[-1]
    return {"access_token": value, "expires_in": int(state.tokens[value]["expires"] - request.at)}


def _ticket(state: FakeState, request: Request) -> dict[str, Any]:
    if request.query.get("type") != "jsapi":
        raise Refusal(40035)
    app = request.token["app"]
    ticket = state.tickets.get(app)
    if ticket is None or ticket["expires"] <= request.at:
        ticket = {"ticket": f"fakeTicket-{state.next_number()}".ljust(86, "x"), "expires": request.at + LIFETIME}
        state.tickets[app] = ticket
    left = int(ticket["expires"] - request.at)
    return {"errcode": 0, "errmsg": "ok", "ticket": ticket["ticket"], "expires_in": left}


ENDPOINTS = {
    "/cgi-bin/token": Endpoint("GET", _token, guard="none"),
    "/cgi-bin/stable_token": Endpoint("POST", _stable_token, guard="none"),
    "/cgi-bin/ticket/getticket": Endpoint("GET", _ticket),
}
