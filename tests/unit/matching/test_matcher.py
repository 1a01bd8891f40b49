from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citizen_bot.matching import Knowledge, Matcher
from tests.unit.matching.conftest import catalogue

PIECES = [*"俺恁么待办证补丢了吗多少钱八十岁低保身份證。！\ud800\u0000 aA①", "zhuan", "sfz"]


@pytest.mark.parametrize(
    ("text", "item"),
    [
        pytest.param("高龄津贴申领的条件", "elderly-age-allowance", id="plain"),
        pytest.param("老母亲八十二了，能领多少年龄钱", "elderly-age-allowance", id="colloquial"),
        pytest.param("身份证丢夫怎么补", "id-card-reissue", id="typo"),
        pytest.param("身分正到其了怎么换", "id-card-renew", id="homophone"),
        pytest.param("俺待哪儿领乜个高龄补贴", "elderly-age-allowance", id="dialect"),
        pytest.param("喂你好那个我想问一下就是吃低保这个都需要准备啥呀", "minimum-living-allowance", id="voice"),
        pytest.param("結婚證怎麼領", "marriage-registration", id="trad"),
        pytest.param("jiehunzheng zenme ling", "marriage-registration", id="pinyin"),
        pytest.param("jiaodianfei qunali", "electricity-bill", id="pinyin without blanks"),
        pytest.param("换身份证 材料", "id-card-renew", id="elliptical"),
        pytest.param("sfz过期了怎么换", "id-card-renew", id="mixed"),
        pytest.param("ｓｆｚ　过期了！！！怎么换？？", "id-card-renew", id="full width"),
        pytest.param(
            "我爷爷前年走的，奶奶一个人在村里住，没有退休金，地也种不动了。她身体不好常年吃药，"
            "儿女都在外面打工挣不着几个钱。像她这样的能吃低保吗？",
            "minimum-living-allowance",
            id="long",
        ),
    ],
)
def test_finds_the_item_in_every_way_of_asking(matcher: Matcher, text: str, item: str) -> None:
    found = matcher.match(text)
    assert (found.intent, found.candidates[0].item) == ("guide", item)


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("吃低保得拿些么", "materials"),
        ("低保咋申请", "how"),
        ("什么样的人家能评低保", "conditions"),
        ("低保去哪个窗口办", "where"),
        ("低保多久能批下来", "time"),
        ("居民医保缴费最晚到几号", "deadline"),
        ("补身份证收费吗", "fee"),
        ("高龄补贴一个月多少钱", "amount"),
        ("交电费能用手机吗", "online"),
        ("领结婚证本人来不了能委托别人吗", "agent"),
        ("結婚證需要準備哪些材料", "materials"),
        ("jiehunzheng yao dai shenme", "materials"),
        ("低保要什么才料", "materials"),
    ],
)
def test_hears_what_is_asked_about_the_item(matcher: Matcher, text: str, facet: str) -> None:
    found = matcher.match(text)
    assert (found.intent, found.facet) == ("guide", facet)


def test_how_much_is_a_fee_where_the_resident_pays(matcher: Matcher) -> None:
    assert matcher.match("交合作医疗多少钱").facet == "fee"
    assert matcher.match("高龄补贴多少钱").facet == "amount"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("帮我约个后天上午的号", "book"),
        ("老人下不了床，能派人上门给办低保吗", "visit"),
        ("窗口的人态度恶劣，我要投诉", "complain"),
        ("我交的低保材料审完了没有", "progress"),
        ("把我明天的预约取消了吧", "cancel"),
        ("不用上门了，取消吧", "cancel"),
        ("给我转人工", "human"),
        ("服务真好，给五星", "rate"),
        ("夏村镇便民服务中心几点上班", "site"),
        ("您好", "greet"),
        ("nihao", "greet"),
        ("多谢", "thanks"),
        ("護照丟了在哪補", "oos"),
        ("公鸡金怎么提取", "oos"),
    ],
)
def test_tells_intents_apart(matcher: Matcher, text: str, intent: str) -> None:
    assert matcher.match(text).intent == intent


def test_a_site_question_says_what_is_asked_of_the_site(matcher: Matcher) -> None:
    assert matcher.match("便民服务中心几点下班").facet == "time"
    assert matcher.match("便民服务中心在哪里").facet == "where"


def test_a_task_names_its_item(matcher: Matcher) -> None:
    found = matcher.match("我要预约周四上午换身份证")
    assert (found.intent, found.item, found.decision) == ("book", "id-card-renew", "answer")


def test_answers_what_is_clear(matcher: Matcher) -> None:
    found = matcher.match("身份证丢失怎么补办")
    assert (found.item, found.decision) == ("id-card-reissue", "answer")
    assert found.score >= 0.75


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("身份证", {"id-card-first", "id-card-renew", "id-card-reissue"}),
        ("老人补贴", {"elderly-age-allowance", "elderly-care-subsidy"}),
    ],
)
def test_asks_where_several_items_fit(matcher: Matcher, text: str, items: set[str]) -> None:
    found = matcher.match(text)
    assert (found.decision, found.item) == ("clarify", None)
    assert {c.item for c in found.candidates[: len(items)]} == items


@pytest.mark.parametrize("text", ["护照怎么办", "车辆年检去哪里", "明天天气怎么样", "红烧肉怎么做", "双色球开奖号码"])
def test_never_answers_what_is_not_ours(matcher: Matcher, text: str) -> None:
    found = matcher.match(text)
    assert (found.intent, found.item, found.decision) == ("oos", None, "fallback")


def test_names_the_foreign_subject(matcher: Matcher, knowledge: Knowledge) -> None:
    topic = matcher.match("住房公积金怎么提取").topic
    assert topic == "housing-fund"
    assert "公积金" in (knowledge.topics[topic].where or "")


def test_does_not_answer_for_an_item_without_a_guide(knowledge: Knowledge) -> None:
    without = replace(knowledge, without_guide={"divorce-registration": ("离婚登记", "离婚证", "办离婚")})
    found = Matcher.build(catalogue(), without).match("离婚登记要带什么")
    assert (found.intent, found.item, found.decision) == ("guide", None, "fallback")


def test_a_guide_takes_the_place_of_its_entry_without_guide(knowledge: Knowledge) -> None:
    without = replace(knowledge, without_guide={"marriage-registration": ("结婚登记",)})
    assert Matcher.build(catalogue(), without).match("结婚登记要带什么").item == "marriage-registration"


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("那多少钱", "fee"),
        ("俺妈能替俺去吗", "agent"),
        ("几号截止", "deadline"),
        ("带啥", "materials"),
        ("在哪办呢", "where"),
        ("yao dai shenme", "materials"),
    ],
)
def test_a_facet_alone_is_a_follow_up(matcher: Matcher, text: str, facet: str) -> None:
    found = matcher.match(text)
    assert (found.intent, found.item, found.facet, found.follow_up) == ("guide", None, facet, True)
    assert found.decision == "fallback"


def test_a_facet_with_an_item_is_no_follow_up(matcher: Matcher) -> None:
    assert not matcher.match("换身份证多少钱").follow_up


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("丢了", "id-card-reissue"), ("到期了", "id-card-renew"), ("头一次办", "id-card-first")],
)
def test_understands_the_answer_to_a_clarifying_question(matcher: Matcher, text: str, chosen: str) -> None:
    assert matcher.choose(text, ["id-card-first", "id-card-renew", "id-card-reissue"]) == chosen


@pytest.mark.parametrize("text", ["第二个", "不知道", "", "身份证"])
def test_chooses_nothing_when_unclear(matcher: Matcher, text: str) -> None:
    assert matcher.choose(text, ["id-card-first", "id-card-renew", "id-card-reissue"]) is None


def test_chooses_only_among_what_was_offered(matcher: Matcher) -> None:
    assert matcher.choose("结婚登记", ["id-card-first", "no-such-item"]) is None


def test_facet_alone_can_be_asked(matcher: Matcher) -> None:
    assert matcher.facet("本人来不了，能委托别人吗") == "agent"
    assert matcher.facet("夏村镇") is None


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=700))
def test_no_text_makes_it_raise_and_each_has_one_answer(matcher: Matcher, text: str) -> None:
    found = matcher.match(text)
    assert found == matcher.match(text)
    assert 0 <= found.score <= 1
    assert all(0 <= c.score <= 1 for c in found.candidates)
    assert len(found.candidates) <= 5
    assert found.item is None or found.decision == "answer"
    assert matcher.choose(text, ["id-card-first"]) in (None, "id-card-first")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from([*"俺恁么待办证补丢了吗多少钱八十岁低保身份證。！\ud800\u0000 aA①", "zhuan", "sfz"])).map(
        "".join
    )
)
def test_no_chinese_makes_it_raise(matcher: Matcher, text: str) -> None:
    assert matcher.match(text) == matcher.match(text)


def test_threads_get_the_answers_of_one(matcher: Matcher) -> None:
    texts = ["低保咋申请", "身份证丢了", "护照", "带啥", "jiehunzheng"] * 20
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(matcher.match, texts)) == [matcher.match(text) for text in texts]


def test_an_empty_catalogue_knows_no_item(knowledge: Knowledge) -> None:
    empty = Matcher.build(catalogue("id-card-renew"), knowledge)
    assert empty.match("交电费去哪").item is None


def test_warms_up(matcher: Matcher) -> None:
    matcher.warm()
