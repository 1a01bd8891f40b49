"""The account's own menu, with all its limits."""

from typing import Any

from citizen_bot.sandbox.api.core import OK, Endpoint, Refusal, Request
from citizen_bot.sandbox.state import FakeState

KEYED = (
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
)
# What each kind of action needs besides its name.
NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(KEYED, ("key",)),
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
    "media_id": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}
# Tencent's codes for: number of entries, type, name, key, url. Top entries and sub-entries have their own.
TOP = {"count": 40016, "type": 40017, "name": 40018, "key": 40019, "url": 40020}
SUB = {"count": 40023, "type": 40024, "name": 40025, "key": 40026, "url": 40027}
BYTES = {"key": 128, "url": 1024}


def _action(button: dict[str, Any], codes: dict[str, int]) -> None:
    kind = button.get("type")
    if kind not in NEEDS:
        raise Refusal(codes["type"], "invalid button type")
    for name in NEEDS[kind]:
        value = button.get(name)
        code = codes["url"] if name == "url" else codes["key"]
        if not isinstance(value, str) or not value or len(value.encode()) > BYTES.get(name, 1024):
            raise Refusal(code, f"invalid button {name} size")
    if "url" in NEEDS[kind] and not str(button["url"]).startswith(("http://", "https://")):
        raise Refusal(40055, "invalid button url domain")


def _name(button: dict[str, Any], limit: int, code: int) -> None:
    name = button.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= limit:
        raise Refusal(code, "invalid button name size")


def _buttons(value: Any, most: int, code: int) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not 1 <= len(value) <= most or not all(isinstance(b, dict) for b in value):
        raise Refusal(code, "invalid button size")
    return value


def _create(state: FakeState, request: Request) -> dict[str, Any]:
    buttons = _buttons(request.json.get("button"), 3, TOP["count"])
    for button in buttons:
        _name(button, 16, TOP["name"])
        if not button.get("sub_button"):
            _action(button, TOP)
            continue
        for below in _buttons(button["sub_button"], 5, SUB["count"]):
            _name(below, 60, SUB["name"])
            if below.get("sub_button"):
                raise Refusal(SUB["count"], "invalid sub button size")
            _action(below, SUB)
    state.menu = {"button": buttons}
    return OK


def _delete(state: FakeState, request: Request) -> dict[str, Any]:
    state.menu = None
    return OK


def _current(state: FakeState, request: Request) -> dict[str, Any]:
    def told(button: dict[str, Any]) -> dict[str, Any]:
        below = button.get("sub_button")
        if not below:
            return button
        return {"name": button["name"], "sub_button": {"list": [told(b) for b in below]}}

    buttons = state.menu["button"] if state.menu else []
    return {"is_menu_open": int(state.menu is not None), "selfmenu_info": {"button": [told(b) for b in buttons]}}


ENDPOINTS = {
    "/cgi-bin/menu/create": Endpoint("POST", _create),
    "/cgi-bin/menu/delete": Endpoint("GET", _delete),
    "/cgi-bin/get_current_selfmenu_info": Endpoint("GET", _current),
}
