import pytest
from outward import CUSTOM, OPENID, Outward, error_of

from citizen_bot.sandbox import faults

TEMPLATE = "template-of-the-hall"
FIELDS = {"thing1": "社会保障卡补领", "time2": "2026年12月1日 09:30", "character_string3": "A1024"}


@pytest.fixture
def hall(outward: Outward) -> Outward:
    outward.state.templates[TEMPLATE] = list(FIELDS)
    return outward


def test_a_text_reaches_a_resident_who_has_just_written(outward: Outward) -> None:
    outward.account().send_text(OPENID, "您的问题有答复了：周二可以来办。")
    assert outward.told() == ["您的问题有答复了：周二可以来办。"]
    assert outward.state.warnings == []


@pytest.mark.parametrize("text", ["", "政" * 683], ids=["empty", "long"])
def test_a_text_that_wechat_would_refuse_is_not_sent(outward: Outward, text: str) -> None:
    with pytest.raises(ValueError, match="2048"):
        outward.account().send_text(OPENID, text)
    assert outward.calls() == []


def test_half_a_character_does_not_keep_a_text_from_being_sent(outward: Outward) -> None:
    outward.account().send_text(OPENID, "好\ud83d")
    assert outward.told() == ["好?"]


def test_a_resident_who_wrote_long_ago_is_refused_by_wechat(outward: Outward) -> None:
    outward.wait(48 * 3600 + 1)
    error = error_of(outward.account().send_text, OPENID, "您好")
    assert (error.kind, error.code, error.maybe_sent) == ("refused", 45015, False)


def test_the_sixth_text_is_refused(outward: Outward) -> None:
    account = outward.account()
    for _ in range(5):
        account.send_text(OPENID, "您好")
    assert error_of(account.send_text, OPENID, "您好").code == 45047


def test_a_stranger_is_refused(outward: Outward) -> None:
    error = error_of(outward.account().send_text, "oNOBODY", "您好")
    assert (error.kind, error.code) == ("refused", 40003)
    assert "oNOBODY" not in str(error)


def test_a_template_message_gives_its_number_and_the_same_one_when_repeated(hall: Outward) -> None:
    account = hall.account()
    numbers = [
        account.send_template(OPENID, TEMPLATE, FIELDS, url="https://a.example/n/1", client_msg_id="visit-7-v1")
        for _ in range(2)
    ]
    assert numbers[0] == numbers[1]
    assert numbers[0].isdecimal()
    assert hall.told() == ["thing1：社会保障卡补领\ntime2：2026年12月1日 09:30\ncharacter_string3：A1024"]
    assert hall.state.warnings == []


def test_template_fields_are_fitted_to_their_kinds(hall: Outward) -> None:
    fields = {**FIELDS, "thing1": "高龄津贴\n" + "长" * 30, "character_string3": ""}
    hall.account().send_template(OPENID, TEMPLATE, fields, url=None, client_msg_id="visit-8-v1")
    assert hall.told()[0].startswith("thing1：高龄津贴 " + "长" * 14 + "…\n")


def test_who_does_not_follow_gets_no_template_message(hall: Outward) -> None:
    hall.state.residents[OPENID]["following"] = False
    send = hall.account().send_template
    error = error_of(send, OPENID, TEMPLATE, FIELDS, url=None, client_msg_id="visit-9-v1")
    assert (error.kind, error.code) == ("refused", 43004)


def test_a_subscription_uses_up_one_consent(hall: Outward) -> None:
    account = hall.account()
    hall.state.grant(OPENID, TEMPLATE)
    account.send_subscription(OPENID, TEMPLATE, FIELDS, page="https://a.example/n/1")
    assert len(hall.told()) == 1
    error = error_of(account.send_subscription, OPENID, TEMPLATE, FIELDS, page=None)
    assert (error.kind, error.code, error.wait_s) == ("refused", 43101, None)
    assert hall.state.warnings == []


@pytest.mark.parametrize(
    ("template", "page", "code"), [("unknown", None, 40037), (TEMPLATE, "nowhere", 41030)], ids=["template", "page"]
)
def test_our_own_mistakes_are_told_as_such(hall: Outward, template: str, page: str | None, code: int) -> None:
    error = error_of(hall.account().send_subscription, OPENID, template, FIELDS, page=page)
    assert (error.kind, error.code) == ("failed", code)


def test_the_operator_learns_which_field_is_wrong(hall: Outward) -> None:
    error = error_of(hall.account().send_subscription, OPENID, TEMPLATE, {"thing1": "社保"}, page=None)
    assert (error.kind, error.code) == ("failed", 47003)
    assert "data.time2.value" in error.reason


def test_an_errcode_that_nobody_knows_is_not_tried_again(outward: Outward) -> None:
    outward.state.faults.append(faults.errcode(99999, path=CUSTOM))
    error = error_of(outward.account().send_text, OPENID, "您好")
    assert (error.kind, error.code) == ("failed", 99999)
