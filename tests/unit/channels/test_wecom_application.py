import json

import pytest
from outward import SEND, Outward, error_of

from citizen_bot.sandbox import faults

CARD = {"title": "新的预约", "description": "今天九点半，一号窗口", "url": "https://a.example/desk/7", "button": "查看"}


def test_a_card_reaches_its_members(outward: Outward) -> None:
    assert outward.application().send_card(["WangFang", "LiNa"], **CARD) == frozenset()
    (message,) = outward.state.members["WangFang"]
    assert message["textcard"] == {
        "title": "新的预约",
        "description": "今天九点半，一号窗口",
        "url": "https://a.example/desk/7",
        "btntxt": "查看",
    }
    assert outward.state.members["LiNa"]
    assert outward.state.warnings == []


def test_members_that_are_not_reached_are_told_in_the_spelling_given(outward: Outward) -> None:
    outward.state.invalid_members = ["LiNa", "ZhaoLei"]
    application = outward.application()
    assert application.send_card(["WangFang", "LiNa", "ZhaoLei"], **CARD) == {"LiNa", "ZhaoLei"}
    assert set(outward.state.members) == {"WangFang"}
    # WeCom says 81013 then.
    assert application.send_card(["LiNa"], **CARD) == {"LiNa"}


def test_members_without_a_licence_are_not_reached_either(outward: Outward) -> None:
    answer = {"errcode": 0, "errmsg": "ok", "invaliduser": "lina", "unlicenseduser": "wangfang", "msgid": "1"}
    outward.state.faults.append(faults.http(200, json.dumps(answer), path=SEND))
    assert outward.application().send_card(["WangFang", "LiNa", "ZhaoLei"], **CARD) == {"LiNa", "WangFang"}


def test_a_repeat_after_a_lost_answer_does_not_double(outward: Outward) -> None:
    outward.state.faults.append(faults.drop_after(path=SEND))
    application = outward.application()
    error = error_of(application.send_card, ["WangFang", "LiNa"], **CARD)
    assert (error.kind, error.maybe_sent) == ("again", True)
    application.send_card(["LiNa", "WangFang"], **CARD)
    assert [len(outward.state.members[name]) for name in ("WangFang", "LiNa")] == [1, 1]


def test_long_texts_are_cut_between_characters_and_bring_no_tags(outward: Outward) -> None:
    card = {**CARD, "title": "题" * 60, "description": "<div class='gray'>" + "说" * 300, "button": "马上查看详情"}
    outward.application().send_card(["WangFang"], **card)
    sent = outward.state.members["WangFang"][0]["textcard"]
    assert sent["title"] == "题" * 41 + "…"
    assert sent["description"].startswith("＜div class='gray'＞说")
    assert 508 < len(sent["description"].encode()) <= 512
    assert sent["btntxt"] == "马上查看"


@pytest.mark.parametrize("userids", [["@all"], ["@ALL"], ["a|b"], [""], [f"u{n}" for n in range(1001)]])
def test_nobody_but_the_members_named_is_told(outward: Outward, userids: list[str]) -> None:
    with pytest.raises(ValueError, match=r"userid|1000"):
        outward.application().send_card(userids, **CARD)
    assert outward.calls() == []


def test_an_address_that_is_too_long_is_not_sent(outward: Outward) -> None:
    with pytest.raises(ValueError, match="2048"):
        outward.application().send_card(["WangFang"], **{**CARD, "url": "https://a.example/" + "a" * 2048})


def test_without_members_there_is_nothing_to_call(outward: Outward) -> None:
    assert outward.application().send_card([], **CARD) == frozenset()
    assert outward.calls() == []


@pytest.mark.parametrize(
    ("code", "kind"), [(60020, "blocked"), (48002, "blocked"), (301002, "failed"), (45033, "again"), (99999, "failed")]
)
def test_what_wecoms_errcodes_mean(outward: Outward, code: int, kind: str) -> None:
    outward.state.faults.append(faults.errcode(code, path=SEND))
    error = error_of(outward.application().send_card, ["WangFang"], **CARD)
    assert (error.kind, error.code) == (kind, code)
