import pytest
from outward import ROBOT, Outward, error_of

from citizen_bot.channels.wecom import GroupRobot


def test_the_key_may_come_as_the_whole_address(outward: Outward) -> None:
    robot = outward.robot(f" https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={ROBOT}\n")
    robot.send_text("有居民等候")
    assert [message["text"]["content"] for message in outward.state.robots[ROBOT]] == ["有居民等候"]
    assert outward.state.warnings == []


@pytest.mark.parametrize("key", ["", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "https://a.example/?key="])
def test_an_address_without_a_key_is_told_at_once(key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        GroupRobot("http://fake.test", key)


def test_a_robot_that_is_gone_is_our_matter(outward: Outward) -> None:
    error = error_of(outward.robot("unknown-key-of-a-robot").send_text, "您好")
    assert (error.kind, error.code) == ("failed", 93000)
    assert "unknown-key-of-a-robot" not in str(error)


def test_a_long_text_is_cut_between_characters(outward: Outward) -> None:
    outward.robot().send_text("政" * 1000)
    (message,) = outward.state.robots[ROBOT]
    assert message["text"]["content"] == "政" * 681 + "…"


def test_a_card_opens_its_page(outward: Outward) -> None:
    lines = [("事项", "社会保障卡补领"), ("提出时间很长", "今天\n" + "长" * 40)]
    outward.robot().send_card("有居民请人工答复", lines, "https://a.example/desk/7")
    card = outward.state.robots[ROBOT][0]["template_card"]
    assert card["card_action"] == {"type": 1, "url": "https://a.example/desk/7"}
    assert card["main_title"] == {"title": "有居民请人工答复"}
    assert card["horizontal_content_list"] == [
        {"keyname": "事项", "value": "社会保障卡补领"},
        {"keyname": "提出时间…", "value": "今天 " + "长" * 22 + "…"},
    ]
    assert outward.state.warnings == []


def test_a_card_has_six_lines(outward: Outward) -> None:
    with pytest.raises(ValueError, match="6 lines"):
        outward.robot().send_card("题", [("名", "值")] * 7, "https://a.example")
    outward.robot().send_card("题", [("名", "值")] * 6, "https://a.example")


def test_in_markdown_other_peoples_texts_do_nothing(outward: Outward) -> None:
    asked = '# 急\n> [点我](https://evil.example) **快** `x` <@all> @ALL <font color="warning">'
    outward.robot().send_markdown("**有居民等候**\n> {asked}", {"asked": asked})
    content = outward.state.robots[ROBOT][0]["markdown"]["content"]
    assert content.startswith("**有居民等候**\n> ＃ 急 ＞ ［点我］")
    assert not set("<>[]*`#@\n") & set(content.removeprefix("**有居民等候**\n> "))
    assert outward.state.warnings == []


def test_nobody_is_called_by_taking_a_call_apart(outward: Outward) -> None:
    outward.robot().send_markdown("{asked}", {"asked": "@a<@b>ll @all"})
    assert "@all" not in outward.state.robots[ROBOT][0]["markdown"]["content"]


def test_long_markdown_is_cut(outward: Outward) -> None:
    outward.robot().send_markdown("{asked}", {"asked": "政" * 3000})
    content = outward.state.robots[ROBOT][0]["markdown"]["content"]
    assert 4090 < len(content.encode()) <= 4096
