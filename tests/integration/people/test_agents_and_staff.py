"""Agents and staff as rows, the one-time code of an agent, and their commands."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text
from sqlalchemy.exc import NoResultFound

from citizen_bot.catalog import loader, store
from citizen_bot.cli import main
from citizen_bot.people import agents, staff
from citizen_bot.people import service as people
from citizen_bot.platform.privacy import Privacy
from citizen_bot.sandbox import sample
from citizen_bot.settings import DEVELOPMENT_PRIVACY_KEY, Settings

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PRIVACY = Privacy((DEVELOPMENT_PRIVACY_KEY,))
VILLAGE, TOWN = "371083001001", "371083001"
Run = Callable[..., Result]
T = TypeVar("T")


def do(engine: Engine, work: Callable[..., T], *arguments: Any, **values: Any) -> T:
    with engine.begin() as connection:
        return work(connection, *arguments, **values)


def resident(engine: Engine, openid: str) -> int:
    return do(engine, people.enter, PRIVACY, account="gh", openid=openid, at=NOW).id


def new_agent(engine: Engine, name: str = "于大姐", **values: Any) -> agents.Agent:
    return do(engine, agents.add, PRIVACY, **{"name": name, "division_code": VILLAGE, **values})


def test_an_agent_is_kept_as_given_with_the_phone_sealed(engine: Engine) -> None:
    hours = "工作日上午"
    agent = new_agent(engine, items=["a", "b"], office_hours=hours, phone="0631-6651234", wecom_userid="yu")
    assert do(engine, agents.find, agent.id) == agent
    assert (agent.items, agent.office_hours, agent.phone(PRIVACY)) == (("a", "b"), hours, "0631-6651234")
    assert (agent.reachable, agent.active, agent.sample, agent.resident_id) == (True, True, False, None)
    assert "6651234" not in repr(agent)
    with engine.connect() as connection:
        assert "6651234" not in str(connection.execute(text("SELECT CAST(a AS text) FROM agents a")).scalar_one())


def test_a_village_has_one_agent_of_a_name(engine: Engine) -> None:
    new_agent(engine)
    with pytest.raises(agents.NameTaken):
        new_agent(engine)
    assert new_agent(engine, division_code="371083001002").name == "于大姐"


def test_an_agent_is_changed_as_a_whole(engine: Engine) -> None:
    agent = new_agent(engine, items=["a"], phone="0631-6651234")
    changed = replace(agent, items=(), office_hours="下午", phone_sealed=None, active=False)
    do(engine, agents.update, changed)
    assert do(engine, agents.find, agent.id) == changed
    assert do(engine, agents.everybody) == [changed]
    assert do(engine, agents.everybody, "371083001002") == []
    assert do(engine, agents.name_of, agent.id) == "于大姐"
    assert do(engine, agents.name_of, agent.id + 1) is None


def test_a_code_ties_an_agent_to_an_account_once(engine: Engine) -> None:
    agent, account = new_agent(engine), resident(engine, "agent")
    code = do(engine, agents.bind_code, PRIVACY, agent.id, NOW)
    assert len(code) == 8
    assert not set(code) & set("0O1ILB8S5Z2")
    assert do(engine, agents.agent_of, account) is None
    spoken = f" {code[:4].lower()}-{code[4:]}　"
    bound = do(engine, agents.bind, PRIVACY, account, spoken, NOW)
    assert bound == replace(agent, resident_id=account)
    assert do(engine, agents.agent_of, account) == bound
    assert do(engine, agents.bind, PRIVACY, resident(engine, "other"), code, NOW) is None
    assert do(engine, agents.agent_of, resident(engine, "other")) is None


def test_a_code_is_good_for_seven_days_and_only_the_last_one(engine: Engine) -> None:
    agent, account = new_agent(engine), resident(engine, "agent")
    first = do(engine, agents.bind_code, PRIVACY, agent.id, NOW)
    second = do(engine, agents.bind_code, PRIVACY, agent.id, NOW)
    assert do(engine, agents.bind, PRIVACY, account, first, NOW) is None
    assert do(engine, agents.bind, PRIVACY, account, second, NOW + timedelta(days=7)) is None
    assert do(engine, agents.bind, PRIVACY, account, "", NOW) is None
    assert do(engine, agents.bind, PRIVACY, account, second, NOW + timedelta(days=6, hours=23)) is not None


def test_a_code_is_kept_nowhere_in_the_clear(engine: Engine) -> None:
    agent = new_agent(engine)
    code = do(engine, agents.bind_code, PRIVACY, agent.id, NOW)
    with engine.connect() as connection:
        row = str(connection.execute(text("SELECT CAST(a AS text) FROM agents a")).scalar_one())
    assert code not in row
    assert code.encode().hex() not in row


def test_of_two_who_use_a_code_at_once_one_is_bound(engine: Engine) -> None:
    agent, accounts, barrier = new_agent(engine), [resident(engine, "a"), resident(engine, "b")], Barrier(2)
    code = do(engine, agents.bind_code, PRIVACY, agent.id, NOW)

    def bind(account: int) -> agents.Agent | None:
        barrier.wait()
        return do(engine, agents.bind, PRIVACY, account, code, NOW)

    with ThreadPoolExecutor(2) as pool:
        bound = [found for found in pool.map(bind, accounts) if found is not None]
    assert len(bound) == 1
    assert do(engine, agents.find, agent.id) == bound[0]


def test_a_new_account_takes_the_place_of_the_old_one(engine: Engine) -> None:
    agent, other = new_agent(engine), new_agent(engine, "宋师傅")
    old, new = resident(engine, "old"), resident(engine, "new")
    for account in (old, new):
        code = do(engine, agents.bind_code, PRIVACY, agent.id, NOW)
        do(engine, agents.bind, PRIVACY, account, code, NOW)
    assert do(engine, agents.agent_of, old) is None
    # An account is one agent's.
    code = do(engine, agents.bind_code, PRIVACY, other.id, NOW)
    do(engine, agents.bind, PRIVACY, new, code, NOW)
    found = do(engine, agents.agent_of, new)
    assert found is not None
    assert found.id == other.id
    former = do(engine, agents.find, agent.id)
    assert former is not None
    assert former.resident_id is None


def test_who_left_is_no_agent_any_more(engine: Engine) -> None:
    agent, account = new_agent(engine), resident(engine, "agent")
    code = do(engine, agents.bind_code, PRIVACY, agent.id, NOW)
    do(engine, agents.update, replace(agent, active=False))
    assert do(engine, agents.bind, PRIVACY, account, code, NOW) is None
    with pytest.raises(NoResultFound):
        do(engine, agents.bind_code, PRIVACY, agent.id, NOW)


def test_an_agent_who_unfollows_is_no_longer_bound(engine: Engine) -> None:
    agent, account = new_agent(engine), resident(engine, "agent")
    code = do(engine, agents.bind_code, PRIVACY, agent.id, NOW)
    do(engine, agents.bind, PRIVACY, account, code, NOW)
    do(engine, people.forget, account)
    assert do(engine, agents.find, agent.id) == agent


def test_staff_work_at_a_site_until_they_leave(engine: Engine) -> None:
    window = do(engine, staff.add, name="小于", role="window", site_code=TOWN, wecom_userid="yu")
    manager = do(engine, staff.add, name="老姜", role="site_manager", site_code=TOWN)
    supervisor = do(engine, staff.add, name="老刘", role="supervisor")
    with pytest.raises(staff.NameTaken):
        do(engine, staff.add, name="小于", role="supervisor")
    with pytest.raises(ValueError, match="needs a site"):
        do(engine, staff.add, name="小宋", role="window")
    assert do(engine, staff.staff_of, TOWN) == [window, manager]
    assert do(engine, staff.staff_of, TOWN, ["site_manager"]) == [manager]
    assert do(engine, staff.staff_of, "371083100") == []
    assert do(engine, staff.named, "老刘") == supervisor == do(engine, staff.find, supervisor.id)
    do(engine, staff.deactivate, window.id)
    assert do(engine, staff.staff_of, TOWN) == [manager]
    assert do(engine, staff.everybody) == [replace(window, active=False), manager, supervisor]


def test_sample_people_are_added_once_and_say_what_they_are(engine: Engine) -> None:
    sample.load(engine)
    sample.load(engine)
    catalogue = loader.load(Settings.from_environment({}).guides_dir)
    people_there = do(engine, agents.everybody)
    assert len(people_there) == len(sample.AGENTS)
    for agent in people_there:
        assert agent.sample
        assert agent.office_hours
        assert agent.name.startswith("示例")
        assert agent.office_hours.startswith("示例")
        assert agent.phone_sealed is None
        assert agent.division_code in catalogue.divisions
        assert set(agent.items) <= set(catalogue.guides)
    assert all(member.sample and member.active for member in do(engine, staff.everybody))


@pytest.fixture
def run(engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    catalogue = loader.load(Settings.from_environment({}).guides_dir)
    do(engine, store.publish, catalogue, by="test", at=NOW)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CITIZEN_BOT_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, list(arguments))


def test_staff_are_added_listed_and_deactivated(run: Run) -> None:
    added = run("staff", "add", "小于", "--role", "window", "--site", TOWN, "--wecom", "yu")
    assert added.exit_code == 0, added.output
    (line,) = run("staff", "list", "--json").stdout.splitlines()
    member = json.loads(line)
    assert (member["name"], member["role"], member["site"], member["wecom"]) == ("小于", "window", TOWN, "yu")
    assert run("staff", "deactivate", "小于").stdout.strip() == "已停用：小于"
    assert run("staff", "list").stdout.strip().endswith("已停用")
    for arguments, told in [
        (("add", "小于", "--role", "supervisor"), "已经有“小于”了"),
        (("add", "小宋", "--role", "window"), "--site"),
        (("add", "小宋", "--role", "window", "--site", "1"), "没有“1”这个地点"),
        (("add", "宋", "--role", "supervisor"), "不像名字"),
        (("deactivate", "没这人"), "没有叫“没这人”的工作人员"),
    ]:
        wrong = run("staff", *arguments)
        assert (wrong.exit_code, wrong.stdout) == (1, ""), arguments
        assert told in wrong.stderr


def test_agents_are_added_listed_and_given_a_code(run: Run, engine: Engine) -> None:
    item = "elderly-age-allowance"
    options = ("--item", item, "--phone", "(0631) 6651234", "--hours", "工作日上午")
    added = run("agents", "add", "于大姐", "--division", VILLAGE, *options)
    assert added.exit_code == 0, added.output
    (line,) = run("agents", "list", "--json").stdout.splitlines()
    agent = json.loads(line)
    assert (agent["items"], agent["phone"], agent["bound"]) == ([item], "0631-6651234", False)
    assert "没绑微信" in run("agents", "list").stdout
    told = run("agents", "code", str(agent["id"])).stdout
    code = told.splitlines()[0].removeprefix("绑定码：")
    bound = do(engine, agents.bind, PRIVACY, resident(engine, "agent"), code, datetime.now(UTC))
    assert bound is not None
    for arguments, wrong_part in [
        (("add", "于大姐", "--division", VILLAGE), "已经有“于大姐”了"),
        (("add", "宋师傅", "--division", "1"), "没有“1”这个村、社区"),
        (("add", "宋师傅", "--division", VILLAGE, "--item", "nothing"), "没有“nothing”这个事项"),
        (("add", "宋师傅", "--division", VILLAGE, "--phone", "123"), "不像电话号码"),
        (("code", "999999"), "没有第999999号代办员"),
    ]:
        wrong = run("agents", *arguments)
        assert (wrong.exit_code, wrong.stdout) == (1, ""), arguments
        assert wrong_part in wrong.stderr


def test_an_agent_gets_another_number_and_leaves(run: Run) -> None:
    run("agents", "add", "于大姐", "--division", VILLAGE, "--phone", "0631-6651234", "--hours", "工作日上午")
    before = json.loads(run("agents", "list", "--json").stdout)
    number = str(before["id"])
    assert "13800000009" in run("agents", "change", number, "--phone", "138 0000 0009", "--wecom", "yu").stdout
    assert run("agents", "change", number, "--inactive").stdout.strip().endswith("已停用")
    after = json.loads(run("agents", "list", "--json").stdout)
    assert after == {**before, "phone": "13800000009", "wecom": "yu", "active": False}
    assert "已停用" not in run("agents", "change", number, "--active").stdout
    for arguments, wrong_part in [
        (("999999", "--inactive"), "没有第999999号代办员"),
        ((number, "--phone", "123"), "不像电话号码"),
        ((number, "--item", "nothing"), "没有“nothing”这个事项"),
    ]:
        wrong = run("agents", "change", *arguments)
        assert (wrong.exit_code, wrong.stdout) == (1, ""), arguments
        assert wrong_part in wrong.stderr
