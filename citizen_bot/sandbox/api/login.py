"""Mini-program login, web authorization, and the text check."""

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from citizen_bot.sandbox.api.core import Answer, Endpoint, Refusal, Request
from citizen_bot.sandbox.state import FakeState, LoginCode

ORDER = ("appid", "redirect_uri", "response_type", "scope", "state")
SCOPES = ("snsapi_base", "snsapi_userinfo")
TWO_HOURS = 2 * 3600
RISKY = re.compile(r"#risky:([0-9]{5})#")


def _code(state: FakeState, request: Request, name: str) -> LoginCode:
    """Uses up the code in the query. Raises Refusal as Tencent does for a wrong secret or code."""
    if request.query.get("grant_type") != "authorization_code":
        raise Refusal(40002)
    app = request.query.get("appid", "")
    if app not in state.apps:
        raise Refusal(40013)
    if state.apps[app] != request.query.get("secret"):
        raise Refusal(40125)
    value = request.query.get(name)
    if not value:
        raise Refusal(41008)
    code = state.codes.get(value)
    if code is None or code["app"] != app or code["expires"] <= request.at:
        raise Refusal(40029)
    if code["used"]:
        raise Refusal(40163)
    if code["refused"]:
        raise Refusal(code["refused"])
    code["used"] = True
    return code


def _session(state: FakeState, request: Request) -> dict[str, Any]:
    code = _code(state, request, "js_code")
    if not state.allowed_again(f"login {code['openid']}", 100, 60, request.at):
        raise Refusal(45011)
    state.meet(code["openid"], code["app"])["seen_at"] = request.at
    answer = {"openid": code["openid"], "session_key": f"fakeSession{state.next_number():011d}=="}
    return {**answer, "unionid": code["unionid"]} if code["unionid"] else answer


def _oauth_token(state: FakeState, request: Request) -> dict[str, Any]:
    code = _code(state, request, "code")
    answer: dict[str, Any] = {
        "access_token": f"fake_oauth_{state.next_number()}".ljust(100, "x"),
        "expires_in": 7200,
        "refresh_token": f"fake_refresh_{state.next_number()}".ljust(100, "x"),
        "openid": code["openid"],
        "scope": "snsapi_base",
    }
    if code["unionid"]:
        answer["unionid"] = code["unionid"]
    return {**answer, "is_snapshotuser": 1} if code["snapshot"] else answer


def _authorize(state: FakeState, request: Request) -> Answer:
    """Goes back to the page at once, as whoever is chosen in the simulator.

    Only to this machine: nothing else is ever addressed from here.
    """
    query = request.query
    wanted = {"response_type": "code", "appid": query.get("appid") if query.get("appid") in state.apps else None}
    target = urlsplit(query.get("redirect_uri", ""))
    fits = (
        request.query_names[: len(ORDER)] == ORDER
        and all(query[name] == value for name, value in wanted.items())
        and query["scope"] in SCOPES
        and re.fullmatch(r"[A-Za-z0-9]{0,128}", query["state"]) is not None
        and target.scheme in ("http", "https")
        and target.hostname in ("127.0.0.1", "localhost", "::1")
    )
    if not fits or state.visitor is None:
        return Answer(body="链接参数错误".encode(), status=400, headers={"Content-Type": "text/plain; charset=utf-8"})
    code = state.new_login_code(state.visitor, app=query["appid"], at=request.at)
    separator = "&" if target.query else "?"
    back = f"{query['redirect_uri']}{separator}{urlencode({'code': code, 'state': query['state']})}"
    return Answer(status=302, headers={"Location": back})


def _check_text(state: FakeState, request: Request) -> dict[str, Any]:
    if request.json.get("version") != 2 or request.json.get("scene") not in (1, 2, 3, 4):
        raise Refusal(40035)
    openid = request.text("openid", 40003)
    content = request.text("content", 44004)
    if len(content) > 2500:
        raise Refusal(45002)
    resident = state.residents.get(openid)
    if resident is None or resident["app"] != request.token["app"]:
        raise Refusal(40003)
    if resident["seen_at"] <= request.at - TWO_HOURS:
        raise Refusal(61010)
    risky = RISKY.search(content)
    if risky:
        result = {"suggest": "risky", "label": int(risky[1])}
    else:
        result = {"suggest": "review", "label": 21000} if "#review#" in content else {"suggest": "pass", "label": 100}
    detail = [{"strategy": "content_model", "errcode": 0, **result}]
    return {"errcode": 0, "errmsg": "ok", "result": result, "detail": detail, "trace_id": f"{state.next_number():016x}"}


ENDPOINTS = {
    "/sns/jscode2session": Endpoint("GET", _session, guard="none", plain_text=True),
    "/sns/oauth2/access_token": Endpoint("GET", _oauth_token, guard="none", plain_text=True),
    "/connect/oauth2/authorize": Endpoint("GET", _authorize, guard="none"),
    "/wxa/msg_sec_check": Endpoint("POST", _check_text),
}
