"""What is left behind: lost jobs, matters that nobody takes on, and the alarm."""

from datetime import UTC, datetime, timedelta

import pytest
from world import KIND, NOW, SITE, World, present, says

from citizen_bot.handovers import service as handovers
from citizen_bot.notifications import endpoints, service, tasks, watching
from citizen_bot.notifications.composing import Recipient
from citizen_bot.platform.telemetry import metrics
from citizen_bot.sandbox import faults

SOON = NOW + timedelta(minutes=30)


def _told(world: World) -> list[tuple[str, int, str]]:
    rows = world.execute("SELECT recipient, recipient_id, occasion FROM notifications ORDER BY id")
    return [tuple(row) for row in rows]


def _answer_by(world: World) -> datetime:
    """By when the one who was told last has to take it on."""
    answer_by: datetime = world.execute("SELECT answer_by FROM notifications ORDER BY id DESC LIMIT 1")[0].answer_by
    return answer_by


def _pass_on(world: World) -> None:
    tasks.pass_on(world.context)
    world.work()


def test_a_notification_without_a_job_gets_one_after_five_minutes(world: World) -> None:
    world.tell(world.resident(), world.robot())
    world.execute("DELETE FROM procrastinate_jobs")
    tasks.find_lost(world.context)
    world.wait(seconds=61)
    tasks.find_lost(world.context)
    assert world.work() == 1
    assert world.states() == ["told", "open"] or world.states() == ["open", "told"]
    world.wait(minutes=4)
    tasks.find_lost(world.context)
    tasks.find_lost(world.context)
    assert world.work() == 1
    assert world.states() == ["told", "told"]


def test_one_whose_job_only_waits_is_left_alone(world: World) -> None:
    world.state.faults.append(faults.http(500, times=6, path="*"))
    world.tell(world.staff("laojiang"))
    world.work()
    for _ in range(8):
        world.wait(minutes=1)
        tasks.find_lost(world.context)
        assert world.execute("SELECT count(*) FROM procrastinate_jobs")[0][0] <= 1
        world.work()
    world.work_until_quiet()
    assert world.states() == ["told"]


def test_one_whose_worker_died_while_sending_is_taken_up_again(world: World) -> None:
    world.tell(world.resident())
    world.execute("DELETE FROM procrastinate_jobs")
    world.execute("UPDATE notifications SET sending_until = :at", at=NOW + timedelta(minutes=5))
    world.wait(minutes=4)
    tasks.find_lost(world.context)
    assert world.work() == 0
    world.wait(minutes=2)
    tasks.find_lost(world.context)
    world.work()
    assert world.states() == ["told"]


def test_what_nobody_takes_on_goes_from_one_to_the_next(world: World) -> None:
    first, second = world.staff("yi"), world.staff("er")
    manager = world.staff("laojiang", "site_manager")
    world.staff("elsewhere", site="371083001")
    supervisor = world.staff("laoliu", "supervisor", None)
    city = world.robot()
    world.tell(first, answer_by=SOON)
    world.work()
    _pass_on(world)
    expected = [("staff", first.id, "first")]
    assert _told(world) == expected
    chain = [second, manager, supervisor, city]
    for number, person in enumerate(chain, 1):
        world.clock.instant = _answer_by(world)
        _pass_on(world)
        _pass_on(world)
        expected.append((person.kind, person.id, f"first/next-{number}"))
        assert _told(world) == expected
    assert set(world.states()) == {"told"}
    # Half an hour of working time each: 10:30, 11:00, 11:30 and, after the doors are open again, 14:00 and 14:30.
    assert _answer_by(world) == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)

    world.wait(hours=5)
    with world.engine.connect() as connection:
        assert watching.stuck(connection, world.clock.now()).unanswered == 1
    _pass_on(world)
    assert _told(world) == expected
    newcomer = world.staff("xinlai", "supervisor", None)
    _pass_on(world)
    assert _told(world)[-1] == ("staff", newcomer.id, "first/next-5")


def test_who_takes_it_on_ends_it_and_what_was_not_sent_yet_is_dropped(world: World) -> None:
    told, untold = world.staff("yi"), world.staff("er")
    world.staff("laojiang", "site_manager")
    world.tell(told, answer_by=SOON)
    world.work()
    world.tell(untold, answer_by=SOON)
    with world.engine.begin() as connection:
        assert service.answered(connection, KIND, 1, world.clock.now())
        assert not service.answered(connection, KIND, 1, world.clock.now())
    world.wait(hours=1)
    _pass_on(world)
    assert world.states() == ["told", "dropped"]
    assert len(_told(world)) == 2


def test_what_is_no_longer_so_is_not_passed_on(world: World) -> None:
    world.tell(world.staff("yi"), answer_by=SOON)
    world.staff("er")
    world.work()
    present[1] = None
    world.wait(hours=1)
    _pass_on(world)
    present.clear()
    _pass_on(world)
    assert len(_told(world)) == 1
    with world.engine.connect() as connection:
        assert not watching.stuck(connection, world.clock.now())


def test_who_cannot_be_reached_is_not_waited_for(world: World) -> None:
    gone, following = world.staff("gone"), world.staff("er")
    world.state.invalid_members.append("gone")
    world.tell(gone, answer_by=SOON)
    world.work()
    _pass_on(world)
    assert _told(world)[-1][1] == following.id
    assert world.states() == ["failed", "told"]


def test_while_one_of_them_still_has_time_nobody_else_is_told(world: World) -> None:
    gone, other = world.staff("gone"), world.staff("er")
    world.staff("laojiang", "site_manager")
    world.state.invalid_members.append("gone")
    world.tell(gone, other, answer_by=SOON)
    world.work()
    _pass_on(world)
    assert len(_told(world)) == 2
    world.wait(minutes=31)
    _pass_on(world)
    assert len(_told(world)) == 3


def test_the_site_of_a_matter_is_that_of_its_group(world: World) -> None:
    group = world.robot(site=SITE)
    world.robot("city")
    window = world.staff("yi")
    world.staff("elsewhere", site="371083001")
    with world.engine.connect() as connection:
        assert service.site_recipients(connection, SITE) == [group, window]
    world.tell(group, answer_by=SOON)
    world.work()
    world.wait(minutes=31)
    _pass_on(world)
    assert _told(world)[-1][:2] == ("staff", window.id)


def test_a_site_without_a_group_is_the_citys(world: World) -> None:
    city, manager = world.robot("city"), world.staff("laojiang", "site_manager")
    unreachable = world.staff("er")
    world.execute("UPDATE staff SET wecom_userid = NULL WHERE id = :id", id=unreachable.id)
    with world.engine.connect() as connection:
        assert service.site_recipients(connection, SITE) == [city, manager]
        assert service.city_recipients(connection) == [city]
    world.execute("UPDATE endpoints SET active = false")
    supervisor = world.staff("laoliu", "supervisor", None)
    with world.engine.connect() as connection:
        assert service.site_recipients(connection, SITE) == [manager]
        assert service.city_recipients(connection) == [supervisor]


def test_the_alarm_goes_on_for_as_long_as_something_is_stuck(world: World) -> None:
    world.state.invalid_members.append("gone")
    world.tell(world.staff("gone"))
    world.work()
    for _ in range(3):
        world.wait(minutes=1)
        with world.logged() as logs:
            tasks.alarm(world.context)
        (line,) = logs
        assert line == {
            "event": "notifications are stuck",
            "log_level": "error",
            "open": 0,
            "failed": 1,
            "unanswered": 0,
        }
    told = metrics.exposition(watching.gauges(world.engine, world.clock)).decode()
    assert 'citizen_bot_notifications{state="failed"} 1.0' in told
    assert 'citizen_bot_notifications{state="open"} 0.0' in told
    assert 'citizen_bot_notifications_stuck{reason="failed"} 1.0' in told
    world.execute("UPDATE notifications SET state = 'dropped'")
    with world.logged() as logs:
        tasks.alarm(world.context)
    assert logs == []


def test_what_is_open_for_ten_minutes_is_stuck(world: World) -> None:
    world.tell(world.resident())
    for minutes, expected in ((9, 0), (2, 1)):
        world.wait(minutes=minutes)
        with world.engine.connect() as connection:
            assert watching.stuck(connection, world.clock.now()).open == expected


def test_on_a_working_morning_the_city_is_told_what_is_stuck(world: World) -> None:
    world.robot()
    tasks.summarise(world.context)
    assert world.work() == 0
    world.state.invalid_members.append("gone")
    world.tell(world.staff("gone"))
    world.work()
    # A Sunday.
    world.clock.instant = datetime(2026, 11, 29, 0, 35, tzinfo=UTC)
    tasks.summarise(world.context)
    assert world.work() == 0
    world.clock.instant = datetime(2026, 11, 30, 0, 35, tzinfo=UTC)
    for _ in range(2):
        tasks.summarise(world.context)
    world.work()
    (message,) = world.state.robots["key-of-the-group"]
    assert "发不出去：1" in message["markdown"]["content"]


def _request(world: World, resident: Recipient) -> int:
    with world.engine.begin() as connection:
        return handovers.request(
            connection,
            world.privacy,
            resident_id=resident.id,
            question="俺叫王桂芬",
            item=None,
            asked_at=world.clock.now(),
            promised_at=world.clock.now() + timedelta(minutes=30),
        )


def test_a_request_for_a_person_reaches_the_citys_group_once_and_then_the_supervisor(world: World) -> None:
    world.robot("key")
    supervisor = world.staff("laoliu", "supervisor", None)
    resident = world.resident()
    number = _request(world, resident)
    assert _request(world, resident) == number
    world.work()
    (message,) = world.state.robots["key"]
    assert "有居民请人工答复" in message["markdown"]["content"]
    assert f"第{number}号" in message["markdown"]["content"]
    assert "王桂芬" not in str(message)
    world.wait(minutes=31)
    _pass_on(world)
    assert _told(world)[-1][:2] == ("staff", supervisor.id)
    assert len(world.state.members["laoliu"]) == 1


def test_of_a_request_that_was_withdrawn_nobody_hears(world: World) -> None:
    world.robot("key")
    resident = world.resident()
    _request(world, resident)
    with world.engine.begin() as connection:
        handovers.withdraw_all(connection, resident.id)
    world.work()
    assert (world.states(), world.state.robots["key"]) == (["dropped"], [])


def test_a_matter_that_nobody_can_be_told_of_is_loud_and_waits_for_somebody(world: World) -> None:
    with world.logged() as logs:
        _request(world, world.resident())
        world.tell(subject=2)
    assert [(line["event"], line["log_level"]) for line in logs] == [("nobody is there to be told", "error")] * 2
    _pass_on(world)
    with world.engine.connect() as connection:
        assert watching.stuck(connection, world.clock.now()).failed == 1
    world.robot("key")
    _pass_on(world)
    assert world.states() == ["dropped", "told"]
    assert "有居民请人工答复" in str(world.state.robots["key"])


def test_the_robot_of_the_settings_is_an_endpoint_like_others(world: World) -> None:
    world.state.robots |= {"first": [], "second": []}
    for key in ("first", "first", "second"):
        with world.engine.begin() as connection:
            endpoints.set_default_robot(connection, world.privacy, key)
            (endpoint,) = endpoints.everything(connection)
    assert (endpoint.kind, endpoint.name, endpoint.site_code, endpoint.active) == ("robot", "default", None, True)
    world.tell(Recipient("endpoint", endpoint.id))
    world.work()
    assert (len(world.state.robots["first"]), len(world.state.robots["second"])) == (0, 1)
    with world.engine.begin() as connection:
        endpoints.set_default_robot(connection, world.privacy, None)
        assert not endpoints.everything(connection)[0].active
        assert service.city_recipients(connection) == []


def test_old_matters_that_nobody_is_left_for_do_not_keep_new_ones_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "AT_ONCE", 2)
    city = world.robot()
    for subject in range(1, 5):
        world.tell(city, subject=subject, answer_by=SOON)
    yi, following = world.staff("yi"), world.staff("er")
    world.tell(yi, subject=9, answer_by=SOON)
    world.work()
    world.wait(minutes=41)
    with world.engine.connect() as connection:
        assert watching.stuck(connection, world.clock.now()).unanswered == 5
    _pass_on(world)
    assert _told(world)[-1] == ("staff", following.id, "first/next-1")


def test_a_matter_told_to_a_group_that_is_removed_waits_for_the_next_group(world: World) -> None:
    world.tell(world.robot("old"), answer_by=SOON)
    with world.engine.begin() as connection:
        endpoints.remove(connection, "old", world.clock.now())
    following = world.robot("new")
    _pass_on(world)
    assert _told(world)[-1][:2] == ("endpoint", following.id)
    assert world.states() == ["failed", "told"]


def test_nothing_waits_for_who_has_left(world: World) -> None:
    resident = world.resident(wrote=False)
    world.tell(resident)
    world.work()
    assert world.states() == ["waiting"]
    with world.engine.begin() as connection:
        service.forget(connection, resident.id, world.clock.now())
    assert world.states() == ["dropped"]


def test_what_breaks_or_does_not_fit_keeps_no_others_waiting(world: World) -> None:
    resident = world.resident(wrote=False)
    for subject in range(1, 6):
        world.tell(resident, subject=subject)
    world.work()
    present.update({1: RuntimeError("broken"), 2: RuntimeError("broken"), 3: says(3, text="长" * 700)})
    assert world.texts(resident) == ["第4号有消息", "第5号有消息"]
    assert world.states() == ["waiting", "waiting", "waiting", "told", "told"]
