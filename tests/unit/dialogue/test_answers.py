"""What words answer to a question of the personal list. A wrong reading drops a paper: not plain is no answer."""

import pytest

from citizen_bot.catalog.model import Situation
from citizen_bot.dialogue.answers import UNKNOWN, Answers
from citizen_bot.dialogue.signals import load_signals
from citizen_bot.dialogue.talk import Talk
from citizen_bot.matching import Matcher, load_knowledge
from citizen_bot.settings import data_folder

IS = {"yes": "是", "no": "不是"}
HAS = {"yes": "有", "no": "没有"}
AGENT = Situation("by-agent", "是别人替老人来办吗？", IS)
CARD = Situation("disabled", "家里有人有残疾人证吗？", HAS, sensitive=True)
GROWN = Situation("over-16", "办证的人满16周岁了吗？", IS)
LOST = Situation("kind", "社保卡怎么了？", {"lost": "丢了", "damaged": "坏了、刷不出来", "new": "想换新的"})
BOOK = Situation("lost", "户口簿是丢了吗？", IS)
LOCAL = Situation("local-hukou", "户口在乳山吗？", IS)
DEATH = Situation("paper", "手里有哪种证明？", {"normal": "医院开的", "police": "公安开的", "none": "这些都没有"})
DIED = Situation("head-died", "户主去世了吗？", {"yes": "去世了", "no": "还在世"})
PREMISES = Situation(
    "premises", "做买卖的地方是哪一种？", {"own": "自己的房子", "rented": "租的房子", "online": "只在网上卖，没有门面"}
)
EITHER = Situation("lives-locally", "您有乳山户口或居住证吗？", HAS)
BOTH_AGED = Situation("legal-age", "男方满22岁、女方满20岁了吗？", {"yes": "都满了", "no": "有人差岁数"})
MARRIAGE = Situation(
    "marriage", "申请人的婚姻情况？", {"single": "没结过婚", "married": "已婚", "divorced": "离婚", "widowed": "丧偶"}
)


@pytest.fixture(scope="module")
def answers(talk: Talk) -> Answers:
    matcher = Matcher.build(talk.catalogue, load_knowledge(data_folder("intents")))
    return Answers(load_signals(data_folder("intents")), matcher.normal)


@pytest.mark.parametrize(
    ("situation", "said", "answer"),
    [
        # plain words and numbers
        (CARD, "有", "yes"),
        (CARD, "有的", "yes"),
        (CARD, "嗯有", "yes"),
        (CARD, "没有啊", "no"),
        (CARD, "都没有", "no"),
        (CARD, "1", "yes"),
        (CARD, "第二个", "no"),
        (CARD, "3", UNKNOWN),
        (CARD, "4", None),
        (AGENT, "是的", "yes"),
        (AGENT, "不是", "no"),
        (AGENT, "是的，替俺娘办", "yes"),
        (AGENT, "没错", "yes"),
        (AGENT, "没问题", None),
        # told in a sentence
        (CARD, "俺老伴有残疾证，二级", "yes"),
        (CARD, "应该有", "yes"),
        (CARD, "家里没有", "no"),
        (AGENT, "俺替俺娘去", "yes"),
        (AGENT, "我闺女去", "yes"),
        (AGENT, "村里帮俺办", "yes"),
        (AGENT, "不能自己去，走不动", "yes"),
        (AGENT, "老人自己去", "no"),
        (AGENT, "本人", "no"),
        (GROWN, "六岁", "no"),
        (GROWN, "我今年70了", "yes"),
        (GROWN, "十八", "yes"),
        (GROWN, "满了", "yes"),
        (GROWN, "没满", "no"),
        (GROWN, "大人", "yes"),
        (LOST, "丢了", "lost"),
        (LOST, "刷不出来了", "damaged"),
        (LOST, "想换新的", "new"),
        (MARRIAGE, "光棍", "single"),
        (MARRIAGE, "离了", "divorced"),
        (MARRIAGE, "老伴没了", "widowed"),
        (GROWN, "16岁", "yes"),
        (GROWN, "15岁半", "no"),
        (GROWN, "都十七了", "yes"),
        (BOOK, "丢了", "yes"),
        (BOOK, "没丢", "no"),
        (LOCAL, "在乳山", "yes"),
        (LOCAL, "乳山的", "yes"),
        (DEATH, "都没有", "none"),
        # not known
        (CARD, "不知道", UNKNOWN),
        (CARD, "没有吧，记不清了", UNKNOWN),
        (CARD, "没记住", UNKNOWN),
        (LOST, "都不是", UNKNOWN),
        (LOST, "不是", UNKNOWN),
        # neither: these sound like an answer, and are none, or not to this
        (CARD, "没得大病", None),
        (CARD, "没离婚", None),
        (CARD, "没有，哦对了，有", None),
        (CARD, "没有，老伴心脏病", None),
        (GROWN, "嗯，15了", None),
        (GROWN, "够了", None),
        (AGENT, "嗯，我自己去", None),
        (AGENT, "嗯，我问问儿子", None),
        (AGENT, "老伴去世了", None),
        (AGENT, "儿子来不了，我自己去", None),
        (AGENT, "没有人替我去", None),
        (AGENT, "本人来办", "no"),
        (AGENT, "没办", None),
        (AGENT, "好", None),
        (CARD, "没有？", None),
        (CARD, "谁有", None),
        (CARD, "哪有", "no"),
        (CARD, "木有", "no"),
        (CARD, "沒有", "no"),
        (CARD, "对门有", None),
        (CARD, "以后会有的", None),
        (CARD, "家里有残疾人", None),
        (CARD, "不会", None),
        (LOST, "丢了吗", None),
        (LOST, "怕丢了", None),
        (LOST, "要是丢了", None),
        (BOOK, "没了", None),
        (DIED, "没了", "yes"),
        (DIED, "还活着", "no"),
        (DIED, "嗯，还活着", None),
        (PREMISES, "有门面", None),
        (PREMISES, "房东的", None),
        (EITHER, "没有居住证", None),
        (BOTH_AGED, "21", None),
        (MARRIAGE, "老伴没死", None),
        (MARRIAGE, "媳妇死活不离", None),
        (MARRIAGE, "我儿子离婚了", None),
        (MARRIAGE, "要离婚", None),
        (CARD, "没有，儿子在青岛打工", None),
        (CARD, "两个", None),
        (CARD, "家里有三口人", None),
        (CARD, "我有事等会说", None),
        (CARD, "俺有高血压", None),
        (CARD, "有身份证", None),
        (CARD, "邻居有", None),
        (CARD, "只有身份证", None),
        (AGENT, "不是，我闺女去", None),
        (GROWN, "2015年生的", None),
        (GROWN, "虚岁16", None),
        (GROWN, "快16了", None),
        (GROWN, "不到16", None),
        (GROWN, "没满16", None),
        (GROWN, "还有两个月16", None),
        (MARRIAGE, "离了又结了", None),
        (MARRIAGE, "快结婚了", None),
        (LOST, "丢了，也坏了", None),
        (CARD, "没有啊，不过俺老伴有一个", None),
        (CARD, "没听清", None),
        (CARD, "没空", None),
        (CARD, "嗯，不知道", UNKNOWN),
        (AGENT, "我自己去办", None),
        (AGENT, "没死人", None),
        (LOST, "不是丢了", None),
        (LOST, "没坏", None),
        (GROWN, "没孩子", None),
        (MARRIAGE, "没离婚", None),
        (CARD, "", None),
        (CARD, "😀", None),
    ],
)
def test_words_are_read_as_the_answer_that_they_are(
    answers: Answers, situation: Situation, said: str, answer: str | None
) -> None:
    assert answers.read(situation, said) == answer


def test_every_choice_is_understood_in_its_own_words_and_by_its_number(answers: Answers, talk: Talk) -> None:
    wrong = [
        (guide.id, words)
        for guide in talk.catalogue.guides.values()
        for situation in guide.situations
        for number, (key, words) in enumerate(situation.choices.items(), 1)
        if answers.read(situation, words) != key or answers.read(situation, str(number)) != key
    ]
    assert wrong == []


def test_a_denied_choice_is_never_taken_for_it(answers: Answers, talk: Talk) -> None:
    wrong = [
        (guide.id, f"{denial}{words}")
        for guide in talk.catalogue.guides.values()
        for situation in guide.situations
        if tuple(situation.choices) != ("yes", "no")
        for key, words in situation.choices.items()
        for denial in ("不是", "没", "我不是")
        if answers.read(situation, f"{denial}{words}") == key
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("said", "agreed"),
    [("愿意", True), ("1", True), ("行", True), ("问吧", True), ("不愿意", False), ("2", False), ("不想说", False),
     ("没问题", True), ("看不懂", None), ("3", None)],
)  # fmt: skip
def test_consent_is_given_or_refused_in_plain_words(answers: Answers, said: str, agreed: bool | None) -> None:
    assert answers.consent(said) is agreed


@pytest.mark.parametrize(
    ("item", "said", "heard"),
    [
        ("elderly-age-allowance", "替俺娘办高龄补贴要带啥", {"by-agent": "yes"}),
        ("elderly-age-allowance", "委托邻居来办高龄津贴", {"by-agent": "yes"}),
        ("elderly-age-allowance", "给俺娘办高龄津贴，她自己能去", {}),
        # denied, asked, wished, or said of somebody who does not come
        ("elderly-age-allowance", "我妈八十了，我去办高龄津贴要带什么", {}),
        ("elderly-age-allowance", "俺娘自己来不了", {}),
        ("elderly-age-allowance", "我妈本人来不了，我去办", {}),
        ("elderly-age-allowance", "能替俺娘办吗", {}),
        ("elderly-age-allowance", "用不用她本人来", {}),
        ("elderly-age-allowance", "我家不是低保", {}),
        ("elderly-age-allowance", "我妈没享受低保", {}),
        ("elderly-age-allowance", "我是不是低保户才能办", {}),
        ("elderly-age-allowance", "我想领低保", {}),
        ("elderly-age-allowance", "邻居家是低保，俺娘90了", {}),
        ("flexible-medical-enrol", "我不是乳山户口", {}),
        ("flexible-medical-enrol", "没有本地户口", {}),
        ("flexible-medical-enrol", "我不是外地户口", {}),
        ("flexible-medical-enrol", "户口在老家", {}),
    ],
)
def test_what_is_said_by_the_way_counts_only_where_it_is_certain(
    answers: Answers, talk: Talk, item: str, said: str, heard: dict[str, str]
) -> None:
    assert answers.heard(talk.catalogue.guides[item], said) == heard


@pytest.mark.parametrize("age", range(3, 111))
def test_every_age_is_read_as_it_is_said(answers: Answers, age: int) -> None:
    """Not by decades, as the matcher reads it; a bare 1, 2 or 3 is the number of a choice."""
    expected = "yes" if age >= 16 else "no"
    spoken = [f"{age}岁", f"我今年{age}岁了", f"{age}周岁", *([str(age)] if age > 3 else [])]
    if age < 100:
        tens, ones = divmod(age, 10)
        digits = ["", *"一二三四五六七八九"]
        spoken.append(f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{digits[ones]}岁")
    assert {answers.read(GROWN, said) for said in spoken} == {expected}
