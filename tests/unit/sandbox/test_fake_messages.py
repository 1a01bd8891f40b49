"""Customer-service messages with their allowances, template messages and subscription notifications."""

from typing import Any

import pytest
from fake_client import APP, MINI, MINI_OPENID, OPENID, Fake

from citizen_bot.sandbox.allowances import allow

CUSTOM = "/cgi-bin/message/custom/send"
TEMPLATE = "/cgi-bin/message/template/send"


def custom(content: str = "您好", **changes: Any) -> dict[str, Any]:
    return {"touser": OPENID, "msgtype": "text", "text": {"content": content}, **changes}


def permit(fake: Fake, kind: str = "message") -> None:
    allow(fake.state, OPENID, kind, fake.clock.now().timestamp())


def test_a_delivered_message_stands_in_the_chat(fake: Fake) -> None:
    permit(fake)
    assert fake.call(CUSTOM, custom("材料齐了")) == {"errcode": 0, "errmsg": "ok"}
    [entry] = fake.state.chats[OPENID]
    assert (entry["who"], entry["text"], entry["detail"]["via"]) == ("account", "材料齐了", "custom")


def test_a_message_allows_five_answers_in_48_hours(fake: Fake) -> None:
    permit(fake)
    assert [fake.code(CUSTOM, custom()) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    fake.wait(48 * 3600)
    fake.tokens.clear()
    assert fake.code(CUSTOM, custom()) == 45015


@pytest.mark.parametrize("kind", ["click", "follow", "scan"])
def test_other_actions_allow_three_answers_in_a_minute(fake: Fake, kind: str) -> None:
    permit(fake, kind)
    assert [fake.code(CUSTOM, custom()) for _ in range(4)] == [0, 0, 0, 45047]
    permit(fake, kind)
    fake.wait(60)
    assert fake.code(CUSTOM, custom()) == 45015


def test_an_action_sets_its_own_allowance_anew_and_no_other(fake: Fake) -> None:
    permit(fake)
    permit(fake)
    permit(fake, "click")
    assert [fake.code(CUSTOM, custom()) for _ in range(9)] == [0] * 8 + [45047]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (custom("政" * 683), 45002),
        (custom("政" * 682), 0),
        (custom(""), 44004),
        (custom(msgtype="sticker"), 40008),
        (custom(touser="oNobody"), 40003),
        (custom(touser=""), 40003),
        (custom(msgtype="image", image={"media_id": "unknown"}), 40007),
        (custom(msgtype="news", news={"articles": [{"title": "一", "url": "https://a"}] * 2}), 45008),
        (custom(msgtype="news", news={"articles": [{"title": "一", "url": "https://a"}]}), 0),
        (custom(msgtype="msgmenu", msgmenu={"head_content": "满意吗?", "list": [{"id": "s5", "content": "满意"}]}), 0),
        (custom(msgtype="msgmenu", msgmenu={"list": []}), 40035),
        (custom(msgtype="miniprogrampage", miniprogrampage={"title": "办事"}), 40035),
    ],
)
def test_what_a_message_must_be(fake: Fake, body: dict[str, Any], code: int) -> None:
    permit(fake)
    assert fake.code(CUSTOM, body) == code


def test_a_refused_message_costs_no_allowance(fake: Fake) -> None:
    permit(fake)
    assert fake.code(CUSTOM, custom("")) == 44004
    assert [fake.code(CUSTOM, custom()) for _ in range(6)] == [0] * 5 + [45047]


def test_nobody_is_written_to_after_an_unfollow(fake: Fake) -> None:
    permit(fake)
    fake.state.residents[OPENID]["following"] = False
    assert fake.code(CUSTOM, custom()) == 45015
    assert OPENID not in fake.state.chats


def test_escaped_chinese_is_flagged(fake: Fake) -> None:
    permit(fake)
    fake.session.post(
        f"{fake.base}{CUSTOM}",
        params={"access_token": fake.token()},
        json=custom("您好"),
        timeout=5,
    )
    [warning] = fake.state.warnings
    assert CUSTOM in warning


def test_typing_needs_an_open_window(fake: Fake) -> None:
    body = {"touser": OPENID, "command": "Typing"}
    assert fake.code("/cgi-bin/message/custom/typing", body) == 45080
    permit(fake)
    assert fake.code("/cgi-bin/message/custom/typing", body) == 0


FIELDS = {"thing1": "高龄津贴", "time2": "2026年11月24日 09:30"}


def template(changes: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    values = {**FIELDS, **(changes or {})}
    return {
        "touser": OPENID,
        "template_id": "tmpl",
        "data": {name: {"value": value} for name, value in values.items()},
        **more,
    }


def test_a_template_message_is_queued_and_reported_later(fake: Fake) -> None:
    fake.state.templates["tmpl"] = ["thing1", "time2"]
    answer = fake.call(TEMPLATE, template())
    assert answer["errcode"] == 0
    assert fake.state.reports == [{"openid": OPENID, "msgid": answer["msgid"], "status": "success"}]
    assert fake.state.chats[OPENID][0]["text"] == "thing1：高龄津贴\ntime2：2026年11月24日 09:30"


def test_a_client_msg_id_sends_once_within_ten_minutes(fake: Fake) -> None:
    fake.state.templates["tmpl"] = ["thing1", "time2"]
    first, second = (fake.call(TEMPLATE, template(client_msg_id="a-1")) for _ in range(2))
    assert second["msgid"] == first["msgid"]
    assert len(fake.state.chats[OPENID]) == 1
    fake.wait(601)
    assert fake.call(TEMPLATE, template(client_msg_id="a-1"))["msgid"] != first["msgid"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"thing1": "字" * 21}, "thing1"),
        ({"thing1": ""}, "thing1"),
        ({"thing1": "两\n行"}, "thing1"),
        ({"time2": "明天"}, "time2"),
        ({"extra9": "多余"}, "extra9"),
    ],
)
def test_a_template_names_the_field_that_breaks_its_rule(fake: Fake, values: dict[str, str], field: str) -> None:
    fake.state.templates["tmpl"] = ["thing1", "time2"]
    answer = fake.call(TEMPLATE, template(values))
    assert answer["errcode"] == 47003
    assert field in answer["errmsg"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("number1", "12345", "12a"),
        ("letter1", "abc", "a1"),
        ("symbol1", "!?", "ab"),
        ("character_string1", "YY-0042", "预约"),
        ("amount1", "¥100.50", "一百元"),
        ("phone_number1", "0631-1234567", "1" * 18),
        ("car_number1", "鲁K12345", "鲁" * 9),
        ("name1", "于大娘", "于" * 11),
        ("phrase1", "已受理", "ok"),
        ("date1", "2026-11-24", "周二"),
    ],
)
def test_each_kind_of_field_has_its_rule(fake: Fake, name: str, good: str, bad: str) -> None:
    fake.state.templates["tmpl"] = [name]
    bodies = [{"touser": OPENID, "template_id": "tmpl", "data": {name: {"value": value}}} for value in (good, bad)]
    assert [fake.code(TEMPLATE, body) for body in bodies] == [0, 47003]


def test_a_template_needs_a_follower_and_a_known_template(fake: Fake) -> None:
    assert fake.code(TEMPLATE, template()) == 40037
    fake.state.residents[OPENID]["following"] = False
    assert fake.code(TEMPLATE, template()) == 43004


@pytest.mark.parametrize(
    ("path", "app", "openid"),
    [("/cgi-bin/message/subscribe/bizsend", APP, OPENID), ("/cgi-bin/message/subscribe/send", MINI, MINI_OPENID)],
)
def test_a_notification_uses_up_a_consent(fake: Fake, path: str, app: str, openid: str) -> None:
    fake.state.templates["tmpl"] = ["thing1", "time2"]
    body = template(touser=openid)
    assert fake.code(path, body, app) == 43101
    fake.state.grant(openid, "tmpl", 2)
    assert fake.code(path, {**body, "page": "没有这页"}, app) == 41030
    assert [fake.code(path, body, app) for _ in range(3)] == [0, 0, 43101]
