"""Menu, media, QR codes, logins, and what holds for every address."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fake_client import APP, MINI, MINI_OPENID, OPENID, Fake

CREATE = "/cgi-bin/menu/create"
CLICK = {"type": "click", "name": "办事指南", "key": "guide"}


def below(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"button": [{"name": "服务", "sub_button": list(buttons)}]}


def test_a_menu_is_kept_and_told_and_deleted(fake: Fake) -> None:
    assert fake.code(CREATE, {"button": [CLICK, *below(CLICK)["button"]]}) == 0
    current = fake.get("/cgi-bin/get_current_selfmenu_info", access_token=fake.token()).json()
    assert current["is_menu_open"] == 1
    assert current["selfmenu_info"]["button"][1] == {"name": "服务", "sub_button": {"list": [CLICK]}}
    assert fake.get("/cgi-bin/menu/delete", access_token=fake.token()).json()["errcode"] == 0
    assert fake.state.menu is None


@pytest.mark.parametrize(
    ("menu", "code"),
    [
        ({"button": []}, 40016),
        ({"button": [CLICK] * 4}, 40016),
        ({"button": [{**CLICK, "type": "tap"}]}, 40017),
        ({"button": [{**CLICK, "name": "六个汉字名称"}]}, 40018),
        ({"button": [{**CLICK, "name": ""}]}, 40018),
        ({"button": [{**CLICK, "key": "k" * 129}]}, 40019),
        ({"button": [{"type": "view", "name": "网页", "url": "https://a/" + "u" * 1024}]}, 40020),
        ({"button": [{"type": "view", "name": "网页", "url": "ftp://a"}]}, 40055),
        (below(*[CLICK] * 6), 40023),
        (below({**CLICK, "type": "tap"}), 40024),
        (below({**CLICK, "name": "字" * 21}), 40025),
        (below({**CLICK, "key": ""}), 40026),
        (below({"type": "view", "name": "网页"}), 40027),
    ],
)
def test_every_limit_of_a_menu_has_its_code(fake: Fake, menu: dict[str, Any], code: int) -> None:
    assert fake.code(CREATE, menu) == code


def upload(fake: Fake, kind: str, name: str, content: bytes) -> dict[str, Any]:
    address = f"{fake.base}/cgi-bin/media/upload"
    query = {"access_token": fake.token(), "type": kind}
    answer: dict[str, Any] = fake.session.post(
        address, params=query, files={"media": (name, content)}, timeout=5
    ).json()
    return answer


def test_media_come_back_for_three_days(fake: Fake) -> None:
    media_id = upload(fake, "image", "a.png", b"picture")["media_id"]
    answer = fake.get("/cgi-bin/media/get", access_token=fake.token(), media_id=media_id)
    assert (answer.content, answer.headers["Content-Type"]) == (b"picture", "image/png")
    fake.wait(3 * 86400)
    fake.tokens.clear()
    assert fake.get("/cgi-bin/media/get", access_token=fake.token(), media_id=media_id).json()["errcode"] == 40007


def test_a_video_comes_back_as_an_address(fake: Fake) -> None:
    media_id = upload(fake, "video", "a.mp4", b"moving")["media_id"]
    answer = fake.get("/cgi-bin/media/get", access_token=fake.token(), media_id=media_id).json()
    assert answer["video_url"].endswith(media_id)


def test_a_thumb_has_a_name_of_its_own(fake: Fake) -> None:
    assert "thumb_media_id" in upload(fake, "thumb", "a.jpg", b"small picture")


@pytest.mark.parametrize(
    ("kind", "name", "size", "code"),
    [
        ("image", "a.exe", 100, 40004),
        ("image", "a.png", 2 * 2**20 + 1, 45001),
        ("thumb", "a.jpg", 64 * 2**10 + 1, 45001),
        ("document", "a.png", 100, 40004),
        ("voice", "a.wav", 100, 40004),
    ],
)
def test_media_of_a_wrong_type_or_size_are_refused(fake: Fake, kind: str, name: str, size: int, code: int) -> None:
    assert upload(fake, kind, name, b"x" * size)["errcode"] == code


def scene(value: str, name: str = "QR_STR_SCENE", **more: int) -> dict[str, Any]:
    return {"action_name": name, "action_info": {"scene": {"scene_str": value}}, **more}


def test_a_qr_code_has_a_ticket_and_a_picture_until_it_ends(fake: Fake) -> None:
    answer = fake.call("/cgi-bin/qrcode/create", scene("site_0042", expire_seconds=604800))
    assert answer["expire_seconds"] == 604800
    picture = fake.get("/cgi-bin/showqrcode", ticket=answer["ticket"])
    assert picture.content.startswith(b"\x89PNG")
    fake.wait(604800)
    assert fake.get("/cgi-bin/showqrcode", ticket=answer["ticket"]).status_code == 404


def test_a_lasting_qr_code_does_not_end(fake: Fake) -> None:
    answer = fake.call("/cgi-bin/qrcode/create", scene("site_0042", "QR_LIMIT_STR_SCENE"))
    assert set(answer) == {"ticket", "url"}
    fake.wait(10**8)
    assert fake.get("/cgi-bin/showqrcode", ticket=answer["ticket"]).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        scene("s" * 65),
        scene(""),
        scene("a", "QR_OTHER"),
        scene("a", expire_seconds=2_592_001),
        {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 0}}},
    ],
)
def test_a_wrong_scene_is_refused(fake: Fake, body: dict[str, Any]) -> None:
    assert fake.code("/cgi-bin/qrcode/create", body) != 0


def log_in(fake: Fake, code: str) -> dict[str, Any]:
    query = {"appid": MINI, "secret": "secret-of-the-mini", "js_code": code, "grant_type": "authorization_code"}
    response = fake.get("/sns/jscode2session", **query)
    assert response.headers["Content-Type"].startswith("text/plain")
    answer: dict[str, Any] = response.json()
    return answer


def test_a_login_code_is_good_once(fake: Fake) -> None:
    code = fake.state.new_login_code(MINI_OPENID, "union-1", app=MINI, at=fake.clock.now().timestamp())
    first = log_in(fake, code)
    assert (first["openid"], first["unionid"], "errcode" in first) == (MINI_OPENID, "union-1", False)
    assert log_in(fake, code)["errcode"] == 40163


def test_a_login_code_ends_after_five_minutes(fake: Fake) -> None:
    code = fake.state.new_login_code(MINI_OPENID, app=MINI, at=fake.clock.now().timestamp())
    fake.wait(300)
    assert log_in(fake, code)["errcode"] == 40029
    assert log_in(fake, "made-up")["errcode"] == 40029


def test_a_login_can_be_blocked(fake: Fake) -> None:
    code = fake.state.new_login_code(MINI_OPENID, app=MINI, at=fake.clock.now().timestamp(), refused=40226)
    assert log_in(fake, code)["errcode"] == 40226


AUTHORIZE = "/connect/oauth2/authorize?appid={app}&redirect_uri={back}&response_type=code&scope=snsapi_base&state=st4te"


def test_web_authorization_goes_back_with_a_code(fake: Fake) -> None:
    fake.state.visitor = OPENID
    answer = fake.get(AUTHORIZE.format(app=APP, back="http%3A%2F%2F127.0.0.1%3A8000%2Fback%3Fa%3D1"))
    back = urlsplit(answer.headers["Location"])
    query = parse_qs(back.query)
    assert (answer.status_code, back.netloc, query["a"], query["state"]) == (302, "127.0.0.1:8000", ["1"], ["st4te"])
    body = {"appid": APP, "secret": "secret-of-the-account", "grant_type": "authorization_code"}
    token = fake.get("/sns/oauth2/access_token", code=query["code"][0], **body).json()
    assert (token["openid"], token["scope"]) == (OPENID, "snsapi_base")
    assert fake.get("/sns/oauth2/access_token", code=query["code"][0], **body).json()["errcode"] == 40163


@pytest.mark.parametrize(
    "query",
    [
        f"redirect_uri=http%3A%2F%2F127.0.0.1%2F&appid={APP}&response_type=code&scope=snsapi_base&state=a",
        f"appid={APP}&redirect_uri=https%3A%2F%2Fexample.org%2F&response_type=code&scope=snsapi_base&state=a",
        f"appid={APP}&redirect_uri=http%3A%2F%2F127.0.0.1%2F&response_type=token&scope=snsapi_base&state=a",
        "appid=wxother&redirect_uri=http%3A%2F%2F127.0.0.1%2F&response_type=code&scope=snsapi_base&state=a",
        f"appid={APP}",
    ],
)
def test_web_authorization_insists_on_order_values_and_this_machine(fake: Fake, query: str) -> None:
    fake.state.visitor = OPENID
    assert fake.get(f"/connect/oauth2/authorize?{query}").status_code == 400


def check_text(fake: Fake, content: str, **changes: Any) -> dict[str, Any]:
    return fake.call(
        "/wxa/msg_sec_check",
        {"version": 2, "scene": 2, "openid": MINI_OPENID, "content": content, **changes},
        app=MINI,
    )


def test_the_text_check_follows_the_markers(fake: Fake) -> None:
    fake.state.residents[MINI_OPENID]["seen_at"] = fake.clock.now().timestamp()
    results = [check_text(fake, text)["result"] for text in ("您好", "#review#", "#risky:20006#")]
    assert results == [
        {"suggest": "pass", "label": 100},
        {"suggest": "review", "label": 21000},
        {"suggest": "risky", "label": 20006},
    ]
    assert check_text(fake, "字" * 2501)["errcode"] == 45002
    assert check_text(fake, "您好", version=1)["errcode"] == 40035


def test_the_text_check_needs_a_recent_login(fake: Fake) -> None:
    assert check_text(fake, "您好")["errcode"] == 61010


def test_an_unknown_address_is_404(fake: Fake) -> None:
    answer = fake.get("/cgi-bin/user/info")
    assert answer.status_code == 404
    assert answer.json() == {"error": "no such address: /cgi-bin/user/info"}


def test_the_wrong_method_and_broken_json_have_their_codes(fake: Fake) -> None:
    assert fake.get(CREATE).json()["errcode"] == 43002
    assert fake.post("/cgi-bin/menu/delete", {}).json()["errcode"] == 43001
    query = {"access_token": fake.token()}
    broken = [
        fake.session.post(f"{fake.base}{CREATE}", params=query, data=body, timeout=5) for body in (b"{", b"[]", b"")
    ]
    assert [answer.json()["errcode"] for answer in broken] == [47001] * 3


def test_every_call_is_recorded(fake: Fake) -> None:
    fake.code(CREATE, {"button": [CLICK]})
    call = fake.state.calls[-1]
    assert (call["method"], call["path"], call["status"], call["errcode"]) == ("POST", CREATE, 200, 0)
    assert call["json"] == {"button": [CLICK]}
    assert call["query"] == {"access_token": fake.token()}
