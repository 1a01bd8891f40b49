"""Groups of staff: one message for all that is open, never too often, nothing lost."""

import re
from datetime import timedelta

import pytest
from world import NOW, World, present, says

from citizen_bot.notifications.attempts import MOST_ATTEMPTS
from citizen_bot.notifications.robots import Robots
from citizen_bot.sandbox import faults

KEY = "key-of-the-group"
ROBOT = "/wecom/cgi-bin/webhook/send"


def _contents(world: World) -> list[str]:
    return [str(message.get("markdown", {}).get("content", message)) for message in world.state.robots[KEY]]


def _told(world: World) -> list[int]:
    """The subjects in the group's messages, in order and with repeats."""
    return [int(number) for content in _contents(world) for number in re.findall(r"第(\d+)号", content)]


def test_one_thing_is_a_card_that_opens_its_page(world: World) -> None:
    world.tell(world.robot())
    world.work()
    (message,) = world.state.robots[KEY]
    assert message["template_card"]["main_title"]["title"] == "第1号"
    assert message["template_card"]["card_action"]["url"] == "https://city.example/1"
    assert (world.states(), world.channels()) == (["told"], {"robot": "sent"})


def test_several_things_at_once_are_one_message(world: World) -> None:
    to = world.robot()
    present[2] = says(2, title="第2号 [x](http://evil) @all {braces}", url=None)
    present[3] = None
    for subject in (1, 2, 3, 4):
        world.tell(to, subject=subject)
    assert world.work() == 1
    (content,) = _contents(world)
    assert content.startswith("**有3件事，请看一下**")
    assert "[查看](https://city.example/1)" in content
    assert "第2号 ［x］(http://evil)" in content
    assert "{braces}" in content
    assert "@all" not in content
    assert world.states() == ["told", "told", "dropped", "told"]


def test_a_message_without_a_page_or_with_many_lines_is_text(world: World) -> None:
    present[1] = says(1, url=None)
    present[2] = says(2, lines=tuple((f"行{n}", "x") for n in range(9)))
    to = world.robot()
    for subject in (1, 2):
        world.tell(to, subject=subject)
        world.work_until_quiet()
    assert [message["msgtype"] for message in world.state.robots[KEY]] == ["markdown", "markdown"]
    assert "行8：x" in _contents(world)[1]


def test_a_burst_is_few_messages_of_which_none_is_lost_or_too_long(world: World) -> None:
    to = world.robot()
    for subject in range(1, 26):
        present[subject] = says(subject, lines=(("事项", "很长的一件事" * 15), ("编号", str(subject))))
        world.tell(to, subject=subject)
        if subject % 5 == 0:
            world.work()
            world.wait(milliseconds=200)
    world.work_until_quiet()
    assert _told(world) == list(range(1, 26))
    assert set(world.states()) == {"told"}
    assert 2 <= len(world.state.robots[KEY]) <= 6
    assert all(len(content.encode()) <= 4096 for content in _contents(world))
    assert all(call["errcode"] == 0 for call in world.state.calls)


def test_however_much_there_is_a_robot_sends_twenty_a_minute_at_most(world: World) -> None:
    to = world.robot()
    until, subject = NOW + timedelta(seconds=80), 0
    while world.clock.now() < until:
        subject += 1
        world.tell(to, subject=subject)
        world.work()
        world.wait(seconds=1)
    world.work_until_quiet()
    sent_at = [call["at"] for call in world.state.calls]
    assert all(later - earlier >= 60 for earlier, later in zip(sent_at, sent_at[20:], strict=False))
    assert _told(world) == list(range(1, subject + 1))
    assert 20 < len(sent_at) <= 28


def test_two_robots_do_not_wait_for_each_other(world: World) -> None:
    world.tell(world.robot(), world.robot("another"))
    world.work()
    assert world.clock.now() == NOW
    assert [len(sent) for sent in world.state.robots.values()] == [1, 1]


@pytest.mark.parametrize(
    "fault",
    [faults.errcode(45009, path=ROBOT), faults.http(500, path=ROBOT), faults.drop_before(path=ROBOT)],
    ids=["rate", "500", "drop"],
)
def test_a_failure_that_passes_loses_nothing_and_keeps_no_news_waiting(world: World, fault: faults.Fault) -> None:
    to = world.robot()
    world.state.faults.append(fault)
    world.tell(to)
    world.work()
    assert (world.states(), _told(world)) == (["open"], [])
    world.wait(seconds=4)
    world.tell(to, subject=2)
    world.work()
    assert fault["detail"].get("code") == 45009 or _told(world) == [2]
    world.work_until_quiet()
    assert sorted(_told(world)) == [1, 2]
    assert world.states() == ["told", "told"]
    assert world.clock.now() - NOW < timedelta(minutes=3)


def test_a_robot_that_is_gone_is_given_up_at_once_and_one_that_is_down_after_a_night(world: World) -> None:
    to = world.robot()
    del world.state.robots[KEY]
    with world.logged() as logs:
        world.tell(to)
        world.work_until_quiet()
    assert (world.states(), world.clock.now()) == (["failed"], NOW)
    assert "error" in {line["log_level"] for line in logs}
    world.state.robots[KEY] = []
    world.state.faults.append(faults.http(502, times=None, path=ROBOT))
    world.tell(to, subject=2)
    world.work_until_quiet()
    assert world.states() == ["failed", "failed"]
    assert world.execute("SELECT attempts FROM notifications ORDER BY id") == [(1,), (MOST_ATTEMPTS,)]


def test_a_composer_that_breaks_costs_its_own_message_only(world: World) -> None:
    to = world.robot()
    present[1] = RuntimeError("broken")
    for subject in (1, 2):
        world.tell(to, subject=subject)
    world.work()
    assert (world.states(), _told(world)) == (["open", "told"], [2])
    world.work_until_quiet()
    assert world.states() == ["failed", "told"]


def test_what_is_being_sent_is_not_taken_up_by_another(world: World) -> None:
    to = world.robot()
    world.tell(to)
    send, robots = world.session.request, world.context.part(Robots)

    def while_sending(*arguments: object, **options: object) -> object:
        world.session.request = send  # type: ignore[method-assign]
        world.wait(seconds=5)
        robots.flush(to.id)
        return send(*arguments, **options)  # type: ignore[arg-type]

    world.session.request = while_sending  # type: ignore[method-assign,assignment]
    world.work()
    assert _told(world) == [1]
