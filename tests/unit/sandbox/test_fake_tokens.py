"""Access tokens as Tencent gives them out."""

import pytest
from fake_client import APP, MINI, Fake

SECRET = "secret-of-the-account"


def stable(fake: Fake, **changes: object) -> dict[str, object]:
    body = {"grant_type": "client_credential", "appid": APP, "secret": SECRET, **changes}
    answer: dict[str, object] = fake.post("/cgi-bin/stable_token", body).json()
    return answer


def old(fake: Fake) -> dict[str, object]:
    query = {"grant_type": "client_credential", "appid": APP, "secret": SECRET}
    answer: dict[str, object] = fake.get("/cgi-bin/token", **query).json()
    return answer


def works(fake: Fake, token: object) -> int:
    return int(fake.get("/cgi-bin/get_current_selfmenu_info", access_token=str(token)).json().get("errcode", 0))


def test_a_stable_token_is_the_same_while_more_than_five_minutes_are_left(fake: Fake) -> None:
    first = stable(fake)
    fake.wait(6000)
    second = stable(fake)
    assert first["expires_in"] == 7200
    assert second == {"access_token": first["access_token"], "expires_in": 1200}


def test_in_its_last_five_minutes_the_next_stable_token_is_given_and_both_work(fake: Fake) -> None:
    first = stable(fake)["access_token"]
    fake.wait(6901)
    second = stable(fake)["access_token"]
    assert second != first
    assert (works(fake, first), works(fake, second)) == (0, 0)
    fake.wait(300)
    assert (works(fake, first), works(fake, second)) == (42001, 0)


def test_a_forced_refresh_kills_the_token_and_is_limited(fake: Fake) -> None:
    first = stable(fake)["access_token"]
    second = stable(fake, force_refresh=True)["access_token"]
    assert (works(fake, first), works(fake, second)) == (42001, 0)
    assert stable(fake, force_refresh=True)["errcode"] == 45011
    for _ in range(19):
        fake.wait(31)
        assert "access_token" in stable(fake, force_refresh=True)
    fake.wait(31)
    assert stable(fake, force_refresh=True)["errcode"] == 45009


def test_an_old_style_token_cuts_off_the_one_before_after_five_minutes(fake: Fake) -> None:
    first, second = old(fake)["access_token"], old(fake)["access_token"]
    assert (works(fake, first), works(fake, second)) == (0, 0)
    fake.wait(301)
    assert (works(fake, first), works(fake, second)) == (42001, 0)


def test_old_style_tokens_have_a_quota_of_two_thousand_a_day(fake: Fake) -> None:
    fake.state.counters[f"token {APP}"] = [fake.clock.now().timestamp()] * 2000
    assert old(fake)["errcode"] == 45009
    fake.wait(86401)
    assert "access_token" in old(fake)


def test_the_two_kinds_of_token_leave_each_other_alone(fake: Fake) -> None:
    kept = stable(fake)["access_token"]
    old(fake)
    old(fake)
    fake.wait(301)
    assert works(fake, kept) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": "wxffffffffffffffff"}, 40013),
        ({"appid": ""}, 41002),
        ({"secret": "wrong"}, 40125),
        ({"secret": ""}, 41004),
        ({"grant_type": "password"}, 40002),
    ],
)
def test_wrong_credentials_get_their_own_codes(fake: Fake, changes: dict[str, str], code: int) -> None:
    assert stable(fake, **changes)["errcode"] == code


@pytest.mark.parametrize(("token", "code"), [("", 41001), ("short", 40014), ("x" * 100, 40001)])
def test_a_call_without_a_good_token_is_refused(fake: Fake, token: str, code: int) -> None:
    assert works(fake, token) == code


def test_a_wecom_token_is_none_for_wechat(fake: Fake) -> None:
    fake.state.corps["ww1"] = {"1000002": "corp-secret"}
    token = fake.get("/wecom/cgi-bin/gettoken", corpid="ww1", corpsecret="corp-secret").json()["access_token"]
    assert works(fake, token) == 40001


def test_an_openid_of_another_app_is_refused(fake: Fake) -> None:
    body = {"touser": "oABCD1234567890abcdefghijklm", "msgtype": "text", "text": {"content": "您好"}}
    assert fake.code("/cgi-bin/message/custom/send", body, app=MINI) == 40003


def test_the_jsapi_ticket_is_kept_for_two_hours(fake: Fake) -> None:
    first = fake.get("/cgi-bin/ticket/getticket", access_token=fake.token(), type="jsapi").json()
    fake.wait(100)
    second = fake.get("/cgi-bin/ticket/getticket", access_token=fake.token(), type="jsapi").json()
    assert (first["errcode"], first["expires_in"]) == (0, 7200)
    assert (second["ticket"], second["expires_in"]) == (first["ticket"], 7100)


def test_answers_look_like_tencents(fake: Fake) -> None:
    good = fake.post("/cgi-bin/stable_token", {"grant_type": "client_credential", "appid": APP, "secret": SECRET})
    bad = fake.get("/cgi-bin/menu/delete")
    assert set(good.json()) == {"access_token", "expires_in"}
    assert good.headers["Content-Type"] == "application/json; encoding=utf-8"
    assert bad.status_code == 200
    assert bad.json()["errmsg"].startswith("access_token missing rid: ")
