"""Where to go, in the talk: by the own village, by a location, by a name."""

from datetime import UTC, datetime

import pytest
from talking import MONDAY_TEN, Chat

from citizen_bot.app import Language
from citizen_bot.catalog import places
from citizen_bot.dialogue.model import NoticeCard
from citizen_bot.dialogue.talk import Talk
from citizen_bot.settings import Settings

SATURDAY_TEN = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
# The seat of 城区街道, of 白沙滩镇 and a place in Beijing, GCJ-02.
DOWNTOWN, BEIJING = (36.911, 121.530), (39.9, 116.4)


@pytest.fixture
def chat(talk: Talk) -> Chat:
    return Chat(talk)


@pytest.fixture(scope="module")
def public_talk(talk: Talk) -> Talk:
    """The talk as it is outside development: what nobody has verified is not told."""
    settings = Settings.from_environment({})
    return Language.load(settings).talk(talk.catalogue, notice_link=lambda *_: "链接", unverified_sites=False)


def _place(chat: Chat) -> str | None:
    assert chat.turn
    return next(part.place for part in chat.turn.reply.parts if isinstance(part, NoticeCard))


def test_every_village_and_community_is_led_to_its_town(public_talk: Talk) -> None:
    """Fourteen names occur twice: the town is asked for, and each answer leads to the right one."""
    catalogue = public_talk.catalogue
    assert len(catalogue.divisions) == 639
    for division in catalogue.divisions.values():
        town = catalogue.sites[division.town]
        chat = Chat(public_talk)
        answer = chat(f"我是{division.name}的")
        if answer.startswith("有"):
            number = next(n for n, line in enumerate(answer.split("\n")) if line.endswith(town.name))
            answer = chat(str(number))
        assert f"您在{division.name}（{town.name}）" in answer
        assert f"办事请到：{town.official_name}" in answer
        assert "示例" not in answer


def test_names_that_occur_twice_are_asked_about(chat: Chat) -> None:
    asked, *towns = chat("姜家村").split("\n")
    assert asked == "有2个“姜家村”，您是哪个镇（街道）的？请回复数字："
    assert towns == ["1. 夏村镇", "2. 崖子镇"]
    assert "您在姜家村（崖子镇）" in chat("崖子镇的")
    assert "您在姜家村（夏村镇）" in chat("夏村镇姜家村")


def test_another_question_instead_of_the_town_is_answered(chat: Chat) -> None:
    chat("姜家村")
    assert "居民身份证丢失补领" in chat("身份证丢了怎么补")


@pytest.mark.parametrize("said", ["俺是府前社区的", "我家在府前社区", "府前居委会", "府前", "住在城区府前社区"])
def test_home_is_understood_however_it_is_said(chat: Chat, said: str) -> None:
    assert "您在府前社区（城区街道）" in chat(said)


def test_an_unverified_station_is_told_as_a_sample_in_development_only(talk: Talk, public_talk: Talk) -> None:
    assert "府前社区便民服务站（示例站点，没有核实）" in Chat(talk)("我是府前社区的")
    answer = Chat(public_talk)("我是府前社区的")
    assert "便民服务站" not in answer
    assert "城区街道办事处便民服务中心" in answer


def test_no_unverified_station_is_told_outside_development_whatever_is_asked(public_talk: Talk) -> None:
    stations = [site.official_name for site in public_talk.catalogue.sites.values() if not places.exists(site)]
    assert stations
    chat = Chat(public_talk)
    chat("我是府前社区的")
    said = ["低保去哪办", "去哪办", "便民服务站在哪", "离我最近的在哪", "低保要带什么", "清单", "不想说"]
    answers = [chat(text) for text in said] + [chat(None, kind="location", latitude=DOWNTOWN[0], longitude=DOWNTOWN[1])]
    assert not any(station in answer for station in stations for answer in answers)


def test_the_item_of_the_talk_is_sent_to_the_nearest_level_that_takes_it(public_talk: Talk) -> None:
    chat = Chat(public_talk)
    chat("我是东里村的")
    chat("低保去哪办")
    assert _place(chat) == "城区街道办事处便民服务中心"
    assert "离您最近：城区街道办事处便民服务中心，去前先打12345问一声" in chat.answers[-1]


def test_an_item_with_a_place_of_its_own_is_not_sent_to_the_centre(chat: Chat) -> None:
    chat("我是东里村的")
    answer = chat("结婚登记去哪办")
    assert _place(chat) is None
    assert "婚姻登记处" in answer
    assert "办“结婚登记”要到：" in chat("我是夏北村的")


def test_who_asks_where_and_has_not_said_home_is_asked(chat: Chat) -> None:
    assert "告诉我您是哪个村" in chat("低保去哪办")
    assert "办“最低生活保障对象认定”，离您最近的是" in chat("夏北村")
    assert "告诉我您是哪个村" not in chat("去哪办")


def test_a_place_beside_the_question_is_home(chat: Chat) -> None:
    chat("俺是徐家镇的 低保去哪办")
    assert _place(chat) == "徐家镇人民政府便民服务中心"


def test_a_complaint_about_a_place_does_not_make_it_home(chat: Chat) -> None:
    chat("我要投诉夏村镇便民服务中心工作人员态度恶劣")
    assert chat.conversation.home is None


def test_a_place_that_is_not_the_own_one_counts_for_its_question_only(chat: Chat) -> None:
    chat("我爸在海阳所那边一个工地干活没给工钱咋办")
    assert chat.conversation.home is None
    answer = chat("夏村镇便民服务中心咋走")
    assert "夏村镇人民政府便民服务中心" in answer
    assert chat.conversation.home is None


def test_a_home_that_was_wrong_is_put_right(chat: Chat) -> None:
    chat("我是东里村的")
    assert "您在西里村" in chat("我不是东里村的，我是西里村的")


def test_two_places_are_asked_about_by_their_names(chat: Chat) -> None:
    asked, *options = chat("婆家是育黎的，娘家是午极的").split("\n")
    assert asked == "您说的是哪个地方？请回复数字："
    assert options == ["1. 育黎镇", "2. 午极镇"]
    assert "您在午极镇" in chat("2")


def test_the_number_of_a_choice_is_not_taken_for_a_place(chat: Chat) -> None:
    chat("我是姜家村的")
    chat("身份证")
    assert chat("1").startswith("【")


def test_a_place_told_in_the_middle_of_a_list_is_asked_about_first(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    chat("清单")
    assert "有2个“姜家村”" in chat("我是姜家村的")
    answer = chat("1")
    assert "您在姜家村（夏村镇）" in answer
    assert answer.split("\n")[-1].endswith("不清楚"), "then the list goes on"


def test_the_hall_is_found_by_its_usual_names(chat: Chat) -> None:
    assert chat("市里的政务大厅在哪").startswith("乳山市政务服务中心")


def test_a_location_serves_as_home_until_it_is_told(chat: Chat) -> None:
    chat(None, kind="location", latitude=DOWNTOWN[0], longitude=DOWNTOWN[1])
    chat("低保去哪办")
    assert _place(chat) == "城区街道办事处便民服务中心"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("周六开门吗", "11月28日（周六）不上班"),
        ("星期三上班吗", "11月25日（周三）上班"),
        ("国庆节上班吗", "法定节假日不上班"),
    ],
)
def test_days_are_looked_up_by_their_names(chat: Chat, asked: str, told: str) -> None:
    assert told in chat(asked)


def test_home_is_remembered_beyond_the_day(chat: Chat) -> None:
    chat("我是东里村的")
    chat.wait(minutes=60 * 48)
    chat("低保去哪办")
    assert _place(chat)


def test_a_location_leads_to_the_nearest_that_takes_the_item(public_talk: Talk) -> None:
    chat = Chat(public_talk)
    here = {"kind": "location", "latitude": DOWNTOWN[0], "longitude": DOWNTOWN[1]}
    assert chat(**here).split("\n")[1].startswith("城区街道办事处便民服务中心，约0.0公里")
    chat("低保怎么办")
    assert "能办“最低生活保障对象认定”的地方" in chat(**here)
    chat("结婚登记去哪办")
    assert "婚姻登记处" in chat(**here)


def test_a_location_far_away_is_not_led_to_a_far_centre(chat: Chat) -> None:
    assert "比较远" in chat(None, kind="location", latitude=BEIJING[0], longitude=BEIJING[1])


def test_hours_and_days_off_are_told_with_the_place(talk: Talk) -> None:
    assert "不上班" in Chat(talk, SATURDAY_TEN)("我是东里村的")
    answer = Chat(talk, MONDAY_TEN)("我是东里村的")
    assert "不上班" not in answer
    assert "08:30–11:30" in answer


def test_what_is_unknown_is_said_to_be_unknown(chat: Chat) -> None:
    assert "地址和电话我这里还没有" in chat("我是东里村的")
