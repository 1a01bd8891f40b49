"""One notification to a person: by which channel, how often, and what is kept of it."""

import base64
import hmac
import itertools
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from world import AGENT, APP, CORP, KIND, NOW, OPENID, World, present, says

from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.notices import service as notices
from citizen_bot.notices.notice import Notice
from citizen_bot.notifications import endpoints, operating, service
from citizen_bot.notifications.attempts import MOST_ATTEMPTS
from citizen_bot.notifications.composing import Recipient
from citizen_bot.notifications.sending import Sender
from citizen_bot.people import service as people
from citizen_bot.platform.numbers import spell_number
from citizen_bot.sandbox import allowances, faults

CUSTOM = "/cgi-bin/message/custom/send"
BIZSEND = "/cgi-bin/message/subscribe/bizsend"
SERVICE_TEXT = "custom：第1号有消息"


def _templates(world: World, *names: str) -> None:
    """The account has these; a test without them finds every templated message refused."""
    for name in names:
        world.state.templates[name] = ["thing1", "time2"]


def _consent(world: World, to: Recipient, times: int | None, accepted: bool = True) -> None:
    world.state.consents[f"{OPENID} sub"] = 99 if times is None else times
    with world.engine.begin() as connection:
        service.note_consents(connection, to.id, [("sub", accepted, times)], world.clock.now())


def test_who_wrote_within_48_hours_gets_a_chat_message(world: World) -> None:
    world.tell(world.resident())
    assert world.work() == 1
    assert world.read() == [SERVICE_TEXT]
    assert (world.states(), world.channels()) == (["told"], {"service": "sent"})
    assert world.execute("SELECT service_left FROM residents") == [(4,)]


def test_told_again_of_the_same_occasion_nobody_gets_more(world: World) -> None:
    to = world.resident()
    world.tell(to, to)
    world.tell(to)
    world.work()
    world.tell(to)
    world.work()
    world.tell(to, occasion="second")
    world.work()
    assert world.read() == [SERVICE_TEXT, SERVICE_TEXT]


def test_nothing_is_told_of_what_was_rolled_back(world: World) -> None:
    to = world.resident()
    with world.engine.connect() as connection:
        service.tell(connection, KIND, 1, [to], occasion="first", at=NOW)
        connection.rollback()
    assert world.work() == 0
    assert world.states() == []


@pytest.mark.parametrize(
    ("hours", "messages", "consent", "expected"),
    [
        (0, 0, 1, "service"),
        (47.9, 0, None, "service"),
        (48.1, 0, 1, "subscription:sub"),
        (0, 5, 1, "subscription:sub"),
        (49, 0, None, "template:tmpl"),
        (0, 5, None, "template:tmpl"),
        (49, 0, 0, "template:tmpl"),
    ],
    ids=["now", "just", "too-late", "five-sent", "no-consent", "five-sent-no-consent", "consent-used"],
)
def test_the_channel_is_the_first_that_is_allowed(
    world: World, hours: float, messages: int, consent: int | None, expected: str
) -> None:
    _templates(world, "sub", "tmpl")
    to = world.resident()
    if consent is not None:
        _consent(world, to, consent)
    for number in range(messages):
        world.tell(to, subject=100 + number)
    world.work()
    world.wait(hours=hours)
    world.tell(to, subject=1)
    world.work()
    assert set(world.states()) == {"told"}
    assert world.channels(messages + 1) == {expected: "sent"}
    refused = [call for call in world.state.calls if call["errcode"]]
    assert refused == [], "what will be refused is not even tried"


def test_a_consent_is_used_up_and_a_long_term_one_is_not(world: World) -> None:
    _templates(world, "sub", "tmpl")
    to = world.resident(wrote=False)
    _consent(world, to, 1)
    for subject in (1, 2):
        world.tell(to, subject=subject)
    world.work()
    assert (world.channels(1), world.channels(2)) == ({"subscription:sub": "sent"}, {"template:tmpl": "sent"})
    _consent(world, to, None)
    for subject in (3, 4, 5):
        world.tell(to, subject=subject)
    world.work()
    assert [world.channels(number) for number in (3, 4, 5)] == [{"subscription:sub": "sent"}] * 3
    assert world.execute("SELECT times_left FROM consents") == [(None,)]


def test_one_acceptance_of_a_long_term_template_counts_for_all(world: World) -> None:
    _templates(world, "long")
    to = world.resident(wrote=False)
    world.state.consents[f"{OPENID} long"] = 99
    with world.engine.begin() as connection:
        service.note_consents(connection, to.id, [("long", True, 1)], NOW)
    for subject in (1, 2, 3):
        present[subject] = says(subject, template="visit_progress")
        world.tell(to, subject=subject)
    world.work()
    assert [world.channels(number) for number in (1, 2, 3)] == [{"subscription:long": "sent"}] * 3
    with world.engine.begin() as connection:
        service.note_consents(connection, to.id, [("long", False, 1)], NOW)
    world.tell(to, subject=3, occasion="again")
    world.work()
    assert world.states()[-1] == "waiting"


def test_consents_add_up_and_a_refusal_takes_them_back(world: World) -> None:
    to = world.resident()
    for times, accepted, expected in (
        (1, True, 1),
        (2, True, 3),
        (1, False, 0),
        (1, True, 1),
        (None, True, None),
        (1, True, None),
    ):
        with world.engine.begin() as connection:
            service.note_consents(connection, to.id, [("sub", accepted, times)], NOW)
        assert world.execute("SELECT accepted, times_left FROM consents") == [(accepted, expected)]


def test_a_refusal_is_no_error_and_the_next_channel_is_tried_at_once(world: World) -> None:
    _templates(world, "sub", "tmpl")
    to = world.resident()
    world.execute("UPDATE residents SET service_left = 5")
    world.state.allowances[OPENID]["message"]["left"] = 0
    _consent(world, to, 1)
    world.state.consents.clear()
    with world.logged() as logs:
        world.tell(to)
        assert world.work() == 1
    assert world.channels() == {"service": "refused", "subscription:sub": "refused", "template:tmpl": "sent"}
    assert world.execute("SELECT service_left FROM residents") == [(0,)]
    assert world.execute("SELECT accepted, times_left FROM consents") == [(False, 0)]
    assert {line["log_level"] for line in logs} == {"info"}


def test_a_refusal_of_an_old_window_leaves_the_new_one(world: World) -> None:
    to = world.resident()
    send = world.session.request

    def written_meanwhile(*arguments: Any, **options: Any) -> Any:
        if CUSTOM in str(arguments):
            world.wait(minutes=1)
            with world.engine.begin() as connection:
                people.enter(connection, world.privacy, account=APP, openid=OPENID, at=world.clock.now())
        return send(*arguments, **options)

    world.session.request = written_meanwhile  # type: ignore[method-assign]
    world.state.faults.append(faults.errcode(45047, path=CUSTOM))
    world.tell(to)
    world.work()
    assert world.execute("SELECT service_left FROM residents") == [(5,)]


def test_what_no_channel_takes_waits_and_comes_with_the_next_message_once(world: World) -> None:
    to = world.resident(wrote=False)
    for subject in (1, 2, 3, 4, 5):
        world.tell(to, subject=subject)
    world.work()
    assert world.states() == ["waiting"] * 5
    present[2] = None
    assert world.texts(to) == ["第1号有消息", "第3号有消息", "第4号有消息"]
    assert world.texts(to) == ["第5号有消息"]
    assert world.texts(to) == []
    assert world.states() == ["told", "dropped", "told", "told", "told"]
    assert world.channels(1)["next_message"] == "sent"
    assert world.read() == []


def test_a_composer_that_breaks_does_not_keep_the_others_from_being_shown(world: World) -> None:
    to = world.resident(wrote=False)
    for subject in (1, 2):
        world.tell(to, subject=subject)
    world.work()
    present[1] = RuntimeError("broken")
    assert world.texts(to) == ["第2号有消息"]
    assert world.states() == ["waiting", "told"]
    present.clear()
    assert world.texts(to) == ["第1号有消息"]


def test_what_is_no_longer_so_is_not_told(world: World) -> None:
    world.tell(world.resident())
    present[1] = None
    world.work()
    assert (world.states(), world.read(), world.channels()) == (["dropped"], [], {})


def test_who_has_left_is_not_looked_for(world: World) -> None:
    to = world.resident()
    world.tell(to)
    world.execute("DELETE FROM residents")
    world.work()
    assert world.states() == ["dropped"]


def test_staff_get_a_card_in_wecom_and_one_who_cannot_be_reached_counts_as_failed(world: World) -> None:
    reached, invalid = world.staff("laojiang"), world.staff("gone")
    world.state.invalid_members.append("gone")
    world.tell(reached, invalid)
    world.work()
    assert world.states() == ["told", "failed"]
    (card,) = world.state.members["laojiang"]
    assert card["textcard"]["title"] == "第1号"
    assert card["textcard"]["description"] == "编号：1\n事项：低保"
    assert world.execute("SELECT state, code FROM deliveries ORDER BY id") == [("sent", None), ("refused", 81013)]


def test_an_agent_is_reached_by_the_own_wechat_else_by_wecom_else_with_the_next_message(world: World) -> None:
    bound = world.resident()
    agent = world.agent(resident=bound, userid="yudajie")
    world.tell(agent)
    world.work()
    assert world.channels() == {"service": "sent"}
    world.wait(hours=49)
    world.tell(agent, subject=2)
    world.work()
    assert world.channels(2)["wecom"] == "sent"
    world.execute("UPDATE agents SET wecom_userid = NULL")
    world.tell(agent, subject=3)
    world.work()
    assert world.states()[2] == "waiting"
    assert world.texts(bound) == ["第3号有消息"]


def _webhook(world: World) -> tuple[Recipient, str]:
    with world.engine.begin() as connection:
        secret = endpoints.add(
            connection, world.privacy, kind="webhook", address="http://hook.test/events", name="大屏", site_code=None
        )
        (to,) = service.city_recipients(connection)
    assert secret is not None
    return to, secret


def test_a_webhook_gets_a_signed_event_with_ids_only(world: World) -> None:
    to, secret = _webhook(world)
    world.tell(to)
    world.work()
    ((headers, event),) = world.hook.received
    assert event == {"type": KIND, "timestamp": NOW.isoformat(), "data": {"kind": KIND, "subject": 1, "code": "Y1"}}
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.{json.dumps(event, ensure_ascii=False)}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed.encode(), "sha256")).decode()
    assert headers["Webhook-Signature"] == f"v1,{expected}"
    assert world.channels() == {"webhook": "sent"}


def test_a_webhook_that_was_down_gets_the_event_under_the_same_id(world: World) -> None:
    world.hook.statuses += [500, 0, 429, 200]
    world.tell(_webhook(world)[0])
    world.work_until_quiet()
    assert world.states() == ["told"]
    assert [headers["Webhook-Id"] for headers, _ in world.hook.received] == [
        str(world.execute("SELECT key FROM notifications")[0].key)
    ] * 4


def test_a_webhook_that_refuses_is_given_up_at_once(world: World) -> None:
    world.hook.statuses += [404]
    world.tell(_webhook(world)[0])
    world.work_until_quiet()
    assert (world.states(), len(world.hook.received)) == (["failed"], 1)
    assert world.execute("SELECT state, code FROM deliveries") == [("failed", 404)]


AGAIN = [
    faults.errcode(45009, path="*send"),
    faults.errcode(-1, path="*send"),
    faults.http(500, path="*send"),
    faults.drop_before(path="*send"),
    faults.drop_after(path="*send"),
    faults.garbage(path="*send"),
]


@pytest.mark.parametrize("fault", AGAIN, ids=["quota", "busy", "500", "drop-before", "drop-after", "garbage"])
@pytest.mark.parametrize("channel", ["template", "wecom"])
def test_a_failure_that_passes_is_tried_again_with_the_same_key(world: World, fault: Any, channel: str) -> None:
    _templates(world, "tmpl")
    to = world.staff("laojiang") if channel == "wecom" else world.resident(wrote=False)
    world.state.faults.append(fault.copy())
    world.tell(to)
    world.work()
    assert world.states() == ["open"]
    world.work_until_quiet()
    assert world.states() == ["told"]
    assert world.clock.now() < NOW + timedelta(minutes=2)
    sent = [call["json"] for call in world.state.calls if call["path"].endswith("/send")]
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert str(world.execute("SELECT key FROM notifications")[0].key) in str(sent[0])
    shown = world.state.members["laojiang"] if channel == "wecom" else world.read()
    assert len(shown) == 1, "the channel itself knows the repeat"


def test_a_chat_message_of_unknown_fate_is_repeated_once_at_most(world: World) -> None:
    to = world.resident()
    world.state.faults.append(faults.drop_after(None, CUSTOM))
    world.tell(to)
    world.work_until_quiet()
    assert world.read() == [SERVICE_TEXT] * 2
    assert world.states() == ["waiting"]
    assert world.channels() == {"service": "failed"} | {"template:tmpl": "failed"}
    assert world.texts(to) == ["第1号有消息"]


def test_what_was_not_sent_costs_no_allowance(world: World) -> None:
    _templates(world, "sub")
    to = world.resident()
    _consent(world, to, 1)
    world.state.faults += [faults.errcode(-1, 3, CUSTOM), faults.errcode(-1, 1, BIZSEND)]
    world.tell(to)
    world.work_until_quiet()
    assert world.execute("SELECT service_left FROM residents") == [(4,)]
    assert world.execute("SELECT times_left FROM consents") == [(1,)]


def test_attempts_grow_apart_over_a_night_and_end(world: World) -> None:
    world.state.faults.append(faults.http(502, times=None, path="*send"))
    world.tell(world.staff("laojiang"))
    with world.logged() as logs:
        world.work_until_quiet()
    assert world.states() == ["failed"]
    assert world.execute("SELECT attempts FROM notifications") == [(MOST_ATTEMPTS,)]
    assert world.execute("SELECT state, attempts FROM deliveries") == [("trying", MOST_ATTEMPTS)]
    night = world.clock.now() - NOW
    assert timedelta(hours=5) < night < timedelta(hours=12)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["notifications given up"]
    sent_at = [call["at"] for call in world.state.calls if call["path"].endswith("/send")]
    waits = [later - earlier for earlier, later in itertools.pairwise(sent_at)]
    assert waits[:6] == sorted(waits[:6])
    assert 5 <= waits[0] <= 6
    assert max(waits) <= 3600 * 1.2

    world.state.faults.clear()
    with world.engine.begin() as connection:
        assert operating.retry(connection, None, world.clock.now()) == [1]
        assert operating.retry(connection, None, world.clock.now()) == []
    world.work()
    assert world.states() == ["told"]


@pytest.mark.parametrize("broken", ["composer", "channel"])
def test_every_kind_of_failure_counts(world: World, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    to = world.resident()
    if broken == "composer":
        present[1] = RuntimeError("broken")
    else:
        monkeypatch.setattr(world.session, "request", lambda *a, **k: 1 / 0)
    world.tell(to)
    world.work_until_quiet()
    assert world.states() == ["failed"]
    assert world.execute("SELECT attempts FROM notifications") == [(MOST_ATTEMPTS,)]


def test_a_resident_is_told_with_the_next_message_what_was_given_up(world: World) -> None:
    to = world.resident()
    world.state.faults.append(faults.http(502, times=None, path=CUSTOM))
    world.state.faults.append(faults.errcode(-1, times=None, path="*stable_token"))
    world.tell(to)
    world.work_until_quiet()
    assert world.states() == ["failed"]
    assert world.texts(to) == ["第1号有消息"]
    assert world.states() == ["told"]


def test_a_wrong_template_is_loud_and_the_next_channel_is_tried(world: World) -> None:
    to = world.resident(wrote=False)
    with world.logged() as logs:
        world.tell(to)
        world.work()
    assert (world.states(), world.channels()) == (["waiting"], {"template:tmpl": "failed"})
    assert "error" in {line["log_level"] for line in logs}


def test_an_api_that_is_not_ours_leaves_the_others(world: World) -> None:
    _templates(world, "tmpl")
    world.state.faults.append(faults.errcode(48001, path=CUSTOM))
    world.tell(world.resident())
    world.work()
    assert world.channels() == {"service": "failed", "template:tmpl": "sent"}


def test_an_account_that_is_blocked_for_a_while_is_asked_again_later(world: World) -> None:
    world.state.faults.append(faults.errcode(40164, times=1, path="*stable_token"))
    world.tell(world.resident())
    world.work()
    assert world.states() == ["open"]
    world.work_until_quiet()
    assert world.states() == ["told"]
    assert world.clock.now() - NOW >= timedelta(minutes=5)


def test_a_reported_block_sends_by_the_next_channel(world: World) -> None:
    _templates(world, "tmpl")
    to = world.resident(wrote=False)
    world.tell(to)
    world.work()
    msgid = world.execute("SELECT remote_id FROM deliveries")[0].remote_id
    with world.engine.begin() as connection:
        service.note_report(connection, msgid, False, "failed:user block", world.clock.now())
        service.note_report(connection, "no-such-number", True, None, world.clock.now())
    world.wait(minutes=1)
    world.work()
    assert (world.states(), world.channels()) == (["waiting"], {"template:tmpl": "refused"})


def test_a_reported_arrival_is_kept(world: World) -> None:
    _templates(world, "tmpl")
    world.tell(world.resident(wrote=False))
    world.work()
    msgid = world.execute("SELECT remote_id FROM deliveries")[0].remote_id
    with world.engine.begin() as connection:
        service.note_report(connection, msgid, True, None, world.clock.now())
    world.wait(minutes=1)
    world.work()
    assert (world.states(), world.channels()) == (["told"], {"template:tmpl": "delivered"})


def test_of_two_who_send_the_same_only_one_does(world: World) -> None:
    world.tell(world.resident())
    sender = world.context.part(Sender)
    inner = world.session.request

    def while_sending(*arguments: Any, **options: Any) -> Any:
        if CUSTOM in str(arguments):
            world.session.request = inner  # type: ignore[method-assign]
            sender.send(1)
        return inner(*arguments, **options)

    world.session.request = while_sending  # type: ignore[method-assign]
    world.work()
    assert world.read() == [SERVICE_TEXT]
    sender.send(1)
    assert world.read() == [SERVICE_TEXT]


def test_neither_jobs_nor_logs_carry_a_person_or_a_secret(world: World) -> None:
    to = world.resident()
    present[1] = says(1, text="王桂芬，电话13812345678", title="王桂芬")
    world.state.faults.append(faults.errcode(-1, path="*"))
    world.tell(to, world.staff("laojiang"), world.robot())
    arguments = str(world.execute("SELECT args, lock, queueing_lock FROM procrastinate_jobs"))
    with world.logged() as logs:
        world.work_until_quiet()
    assert set(world.states()) == {"told"}
    kept = arguments + str(logs) + str(world.execute("SELECT reason FROM deliveries"))
    for secret in ("王桂芬", "13812345678", OPENID, "laojiang", "key-of-the-group", str(AGENT), CORP):
        assert secret not in kept


def test_an_allowance_may_be_opened_again(world: World) -> None:
    to = world.resident(wrote=False)
    world.tell(to)
    world.work()
    assert world.states() == ["waiting"]
    world.resident()
    allowances.allow(world.state, OPENID, "message", world.clock.now().timestamp())
    world.tell(to, subject=2)
    world.work()
    assert world.states() == ["waiting", "told"]


def test_a_notice_that_staff_issued_reaches_the_resident_with_its_page(world: World, catalogue: Catalogue) -> None:
    to = world.resident()
    with world.engine.begin() as connection:
        store.publish(connection, catalogue, by="test", at=NOW)
        number = notices.tell(
            connection,
            world.privacy,
            Notice("consultation", "elderly-age-allowance"),
            catalogue_hash=catalogue.hash,
            resident_id=to.id,
            at=NOW,
            told_by="小于",
        )
        service.tell(connection, notices.ISSUED, number, [to], occasion="issued", at=NOW)
    world.work()
    (told,) = world.read()
    assert "高龄津贴" in told
    assert f"告知编号{spell_number(number)}" in told
    assert re.search(r'<a href="https://city.example/notices/\S+">', told)
    with world.engine.begin() as connection:
        service.tell(connection, notices.ISSUED, number, [to], occasion="again", at=NOW)
    world.execute("DELETE FROM residents")
    world.work()
    assert world.states() == ["told", "dropped"]
