"""A matcher over a small catalogue that does not change when guides do, with the project's own knowledge."""

from pathlib import Path

import pytest

from citizen_bot.catalog.model import Agent, Catalogue, Guide, Online, Review, Site, TimeLimit
from citizen_bot.matching import Knowledge, Matcher, load_knowledge

ROOT = Path(__file__).parents[3]

ITEMS: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "elderly-age-allowance": (
        "高龄津贴申领",
        "行政给付",
        ("高龄津贴", "高龄补贴", "80岁补贴", "高龄老人补贴", "老人年龄钱"),
        ("老母亲过了八十，听说每个月能领点钱", "上了岁数的老人领的那份钱怎么申请"),
    ),
    "elderly-care-subsidy": (
        "经济困难老年人补贴申领",
        "行政给付",
        ("困难老人补贴", "老人护理补贴", "困难老年人补贴"),
        ("吃低保的老人不能自理还有一份补贴吗",),
    ),
    "minimum-living-allowance": (
        "最低生活保障对象认定",
        "行政给付",
        ("低保", "吃低保", "低保户"),
        ("家里穷得过不下去了，想吃低保", "男人没了，我一个人拉扯孩子，能评低保吗"),
    ),
    "id-card-first": ("居民身份证首次申领", "行政确认", ("首次办身份证", "第一次办身份证"), ("娃娃头回办身份证",)),
    "id-card-renew": (
        "居民身份证到期换领",
        "行政确认",
        ("换身份证", "身份证到期", "身份证过期"),
        ("身份证快到日子了要换新的",),
    ),
    "id-card-reissue": (
        "居民身份证丢失补领",
        "行政确认",
        ("补身份证", "身份证丢失", "补办身份证"),
        ("钱包让人偷了，身份证也没了",),
    ),
    "marriage-registration": ("结婚登记", "行政确认", ("领结婚证", "结婚证"), ("跟对象打算登记结婚",)),
    "resident-medical-payment": (
        "城乡居民基本医疗保险缴费",
        "公共服务",
        ("交居民医保", "居民医保缴费", "合作医疗缴费", "交合作医疗"),
        ("一家四口的合作医疗今年怎么交",),
    ),
    "electricity-bill": ("电费代缴", "公共服务", ("交电费", "电费"), ("家里电表没钱了去哪充",)),
}


def guide(item: str) -> Guide:
    name, kind, aliases, examples = ITEMS[item]
    return Guide(
        id=item,
        name=name,
        label=name,
        summary=name,
        department="民政局",
        kind=kind,
        levels=("town",),
        window="综合窗口",
        aliases=aliases,
        examples=examples,
        applicants="",
        conditions=(),
        situations=(),
        materials=(),
        steps=(),
        time_limit=TimeLimit(None, None, "working", None),
        deadline=None,
        fee="不收费",
        amount=None,
        online=Online(False, None, None),
        visits=1,
        agent=Agent(True, None),
        home_service=False,
        where=None,
        result="",
        pitfalls=(),
        basis=(),
        contact=None,
        related=(),
        review=Review("draft", None, None, (), "low", ()),
    )


def catalogue(*items: str) -> Catalogue:
    site = Site("1", "夏村镇", "夏村镇人民政府便民服务中心", "town", None, None, None, False, None, None)
    return Catalogue("", {item: guide(item) for item in items or ITEMS}, {site.code: site}, {})


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load_knowledge(ROOT / "intents")


@pytest.fixture(scope="session")
def matcher(knowledge: Knowledge) -> Matcher:
    return Matcher.build(catalogue(), knowledge)
