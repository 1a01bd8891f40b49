"""Residents may know who their agent is."""

from sqlalchemy import Engine

from citizen_bot.app import Language
from citizen_bot.people import agents
from tests.integration.dialogue.conversing import Resident

VILLAGE = "371083001001"


def test_the_agent_of_the_own_village_is_told_with_hours_and_telephone(
    resident: Resident, engine: Engine, language: Language
) -> None:
    with engine.begin() as connection:
        agents.add(
            connection,
            language.office.privacy,
            name="于秀英",
            division_code=VILLAGE,
            office_hours="上午在村委会",
            phone="13800000009",
        )
    assert "您是哪个村" in resident("代办员是谁")
    answer = resident("府前社区的代办员是谁")
    for told in ("府前社区", "于秀英", "各样事都能代办", "上午在村委会", "13800000009", "不收钱"):
        assert told in answer
    resident("我是府前社区的")
    assert "于秀英" in resident("俺们那的代办员电话多少")


def test_where_nobody_is_known_the_town_takes_it(resident: Resident) -> None:
    answer = resident("东耿家村的代办员怎么联系")
    assert "还没有登记" in answer
    assert "城区街道办事处便民服务中心" in answer
