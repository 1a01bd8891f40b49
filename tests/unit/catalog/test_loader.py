import dataclasses
import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from citizen_bot.catalog.loader import load, read_folder
from citizen_bot.catalog.model import Condition, Guide, TimeLimit
from citizen_bot.documents import FaultyFiles
from citizen_bot.settings import data_folder

Write = Callable[..., Path]

SITES = """\
city: {code: "371083", name: 市政务服务中心, official_name: 乳山市政务服务中心, verified: true}
towns:
  - code: 371083100
    name: 夏村镇
    official_name: 夏村镇人民政府便民服务中心
    latitude: 36.9
    longitude: 121.5
    verified: false
    communities:
      - {code: "371083100001", name: 府前社区, verified: false}
    villages:
      - {code: "371083100201", name: 河东村, verified: true, official_name: 河东联合便民服务站, phone: 0631-1234567}
"""
DIVISIONS = """\
towns:
  - code: "371083100"
    name: 夏村镇
    communities: [{code: "371083100001", name: 府前社区}]
    villages: [{code: "371083100201", name: 河东村}]
"""


def faults(folder: Path) -> list[str]:
    with pytest.raises(FaultyFiles) as caught:
        load(folder)
    return [str(fault) for fault in caught.value.faults]


def test_the_citys_catalogue_has_no_fault() -> None:
    reading = read_folder(data_folder("guides"))

    assert [str(fault) for fault in reading.faults] == []
    assert len(reading.divisions) == 639
    assert sum(site.level == "town" for site in reading.sites) == 15


def test_a_guide_is_loaded_as_it_is_written(write: Write, folder: Path) -> None:
    write()

    guide = load(folder).guides["senior-card"]

    assert isinstance(guide, Guide)
    assert guide.label == "老年证（60岁以上）"
    assert guide.levels == ("town", "community")
    assert guide.time_limit == TimeLimit(statutory=5, promised=0, unit="working", note=None)
    assert guide.review.on == datetime.date(2026, 3, 1)
    assert [material.needed_if for material in guide.materials] == [
        (),
        (Condition("by-agent", ("yes",)),),
        (Condition("reason", ("lost",)),),
    ]
    assert guide.deadline is None
    assert guide.pitfalls == ()


def test_a_situation_without_choices_asks_yes_or_no_and_choices_keep_their_order(write: Write, folder: Path) -> None:
    write()

    by_agent, reason = load(folder).guides["senior-card"].situations

    assert list(by_agent.choices.items()) == [("yes", "是"), ("no", "不是")]
    assert list(reason.choices) == ["lost", "first"]


def test_choices_of_a_bare_yes_and_no_are_words(write: Write, folder: Path, text: str) -> None:
    write(text.replace("是别人替老人来办吗？", "谁来办？\n    choices: {yes: 别人, no: 本人}"))

    assert dict(load(folder).guides["senior-card"].situations[0].choices) == {"yes": "别人", "no": "本人"}


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("form: 电子", "form: 原本",
         "37 materials[3].form：应为“原件”、“复印件”、“原件及复印件”、“电子”，现在是“原本”"),
        ("kind: 公共服务", "kind: 服务",
         "6 kind：应为“行政许可”、“行政给付”、“行政确认”、“公共服务”、“其他行政权力”，现在是“服务”"),
        ("fee: 不收费\n", "", "1 fee：缺少这一项"),
        ("fee: 不收费", "feee: 不收费", "45 feee：没有这样的项，是不是“fee”？"),
        ("    shared: true", "    shard: true", "40 materials[3].shard：没有这样的项，是不是“shared”？"),
        ("visits: 1", "visits: 10", "47 visits：应为 0 到 9 的整数，现在是“10”"),
        ("visits: 1", 'visits: "1"', "47 visits：应为 0 到 9 的整数，现在是“1”"),
        ("visits: 1", "visits: true", "47 visits：应为 0 到 9 的整数，现在是“true”"),
        ("home_service: true", "home_service: 1",
         "49 home_service：应为 true（是）或 false（不是），不加引号，现在是“1”"),
        ("result: 老年人优待证", "result: ' '", "50 result：不能空着；没有内容就把这一项删掉"),
        ("result: 老年人优待证", "result:", "50 result：不能空着"),
        ("  - 年满60周岁", "  []", "13 conditions：列表不能空着；没有内容就把这一项删掉"),
        ("[到窗口登记, 当场领证]", "到窗口登记", "43 steps：应为列表，每行以“- ”开头，现在是“到窗口登记”"),
        ("aliases: [老年证, 优待证]", "aliases: [老年证, 老年证]", "9 aliases[2]：和前面的重复"),
        ("levels: [town, community]", "levels: [town, county]",
         "7 levels[2]：应为“city”、“town”、“community”、“village”，现在是“county”"),
        ("{by-agent: yes}", "{by-agnt: yes}", "35 materials[2].needed_if.by-agnt：situations 里没有这个情形"),
        ("{by-agent: yes}", "{by-agent: maybe}", "35 materials[2].needed_if.by-agent：应为“yes”、“no”，现在是“maybe”"),
        ("{reason: [lost]}", "{reason: [broken]}", "42 materials[3].needed_if.reason：应为“lost”、“first”"),
        ("    when: 丢了补办的\n", "", "41 materials[3].needed_if：写了 needed_if，还要写 when，用一句话说明谁需要"),
        ("    needed_if: {reason: [lost]}\n", "",
         "41 materials[3].when：写了 when，还要写 needed_if，说明由哪个情形的哪个答案决定"),
        ("  - id: reason", "  - id: by-agent", "18 situations[2].id：和前面的情形重复"),
        ("  by: 王科长\n", "", "53 review.by：复核过的（reviewed）要写明是谁（by）、哪天（on）"),
        ("on: 2026-03-01", "on: 2026-02-30", "56 review.on：应为日期，如 2026-11-23，现在是“2026-02-30”"),
        ("promised: 0", "promised: 6", "44 time_limit.promised：承诺时限应不超过法定时限"),
        ("label: 老年证（60岁以上）", "label: " + "老" * 31, "3 label：应不超过 30 个字，现在有 31 个字"),
        ("id: senior-card", "id: senior_card", "1 id：应为小写英文、数字和短横线，如 by-agent，现在是“senior_card”"),
        ("id: senior-card", "id: senior", "1 id：应和文件名一样，是“senior-card”，现在是“senior”"),
        ("department: 民政局", "department: 残联", "5 department：应和文件夹一样，是“民政局”，现在是“残联”"),
        ("basis:", "related: [senior-card]\nbasis:", "51 related[1]：不能写自己"),
        ("fee: 不收费", "fee: 不收费\nfee: 免费", "46 fee：这一项写了两遍，请留下一个"),
        ("是别人替老人来办吗？", "是别人来办吗？还是本人来？",
         "17 situations[1].question：一个情形只问一句话，写一个问号“？”"),
        ("是别人替老人来办吗？", "老人不来吗？",
         "17 situations[1].question：答是或不是的问题要正着问，不带“不”“没”，免得答反"),
        ("      first: 第一次办", "      first: 没丢了补办",
         "20 situations[2].choices：选项“丢了补办”是“没丢了补办”的一部分，居民一说就分不清，请换个说法"),
        ("为什么办？", "说说为什么办", "19 situations[2].question：一个情形只问一句话，写一个问号“？”"),
        ("basis:", "refusals:\n  - {reason: 没满60, remedy: 满了再来, refused_if: {reason: broken}}\nbasis:",
         "52 refusals[1].refused_if.reason：应为“lost”、“first”，现在是“broken”"),
        ("basis:", "refusals:\n  - {reason: 没满60}\nbasis:", "52 refusals[1].remedy：缺少这一项"),
        ("  levels: inferred\n", "", "53 review.levels：缺少这一项"),
        ("sharing: inferred", "sharing: sure", "60 review.sharing：应为“inferred”、“confirmed”，现在是“sure”"),
    ],
)  # fmt: skip
def test_a_fault_tells_file_line_key_and_what_is_expected(
    write: Write, folder: Path, text: str, before: str, after: str, fault: str
) -> None:
    assert before in text
    write(text.replace(before, after))

    assert f"guides/民政局/senior-card.yaml:{fault}" in faults(folder)


def test_a_situation_that_stands_twice_is_one_fault(write: Write, folder: Path, text: str) -> None:
    write(
        text.replace("  - id: reason", "  - {id: by-agent, question: 谁来？, choices: {a: 甲, b: 乙}}\n  - id: reason")
    )

    assert faults(folder) == ["guides/民政局/senior-card.yaml:18 situations[2].id：和前面的情形重复"]


def test_all_faults_of_all_files_are_told_at_once(write: Write, folder: Path, text: str) -> None:
    write(text.replace("visits: 1", "visits: -1").replace("form: 电子", "form: 纸"))
    write(text.replace("fee: 不收费\n", "").replace("senior-card", "other"), "残联/other.yaml")
    write("towns: []\n", "places/divisions.yaml")

    assert [fault.split("：")[0] for fault in faults(folder)] == [
        "guides/places/divisions.yaml:1 towns",
        "guides/残联/other.yaml:1 fee",
        "guides/残联/other.yaml:5 department",
        "guides/民政局/senior-card.yaml:2 name",
        "guides/民政局/senior-card.yaml:37 materials[3].form",
        "guides/民政局/senior-card.yaml:47 visits",
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"id: a\n\tname: b\n", "2：格式不对"),
        (b"id: a\nname: [b\n", "3：格式不对"),
        ("id: a\nname: 老年证".encode("gb18030"), "2：文字编码应为 UTF-8，请用编辑器另存为 UTF-8"),
        (b"id: a\nname: \x00\n", "2：有看不见的特殊字符"),
        ("id: &a 老年证\nname: *a\n", "1：不能用“&a”做标记"),
        ("id: *a\n", "1：不能用“*a”引用别处"),
        ("id: !!python/object/apply:os.system [ls]\n", "1：不能用“!”开头的标签"),
        ("id: a\n<<: {name: b}\n", "2：项的名字应为普通文字"),
        ("id: a\n---\nid: b\n", "2：一个文件只写一份内容"),
        ("{{a: b}: c}\n", "1：项的名字应为文字"),
        ("[" * 20_000, "1：层数太多"),
        ("# " + "大" * 90_000, "1：文件太大，应不超过 256 KB"),
        ("", "1：应为“名字: 内容”这样的几项"),
        ("- 老年证\n", "1：应为“名字: 内容”这样的几项"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_one_fault(
    write: Write, folder: Path, content: str | bytes, fault: str
) -> None:
    write(content)

    (told,) = faults(folder)

    assert told.startswith(f"guides/民政局/senior-card.yaml:{fault}")


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(write: Write, folder: Path, text: str) -> None:
    write(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    assert load(folder).guides["senior-card"].name == "老年人优待证办理"


@pytest.mark.parametrize(
    "number",
    ["13812345678", "138-1234-5678", "0631-1234567", "(0631) 1234567", "06311234567", "4001234567", "热线：6651234",
     "１３８１２３４５６７８"],
)  # fmt: skip
def test_a_telephone_number_in_a_guide_is_a_fault(write: Write, folder: Path, text: str, number: str) -> None:
    write(text.replace("fee: 不收费", f"fee: 不收费\ncontact: 请问民政局 {number}"))

    (told,) = faults(folder)

    assert told.startswith("guides/民政局/senior-card.yaml:46 contact：")
    assert "像电话号码" in told


@pytest.mark.parametrize("harmless", ["12345 热线", "拨打 12333", "〔2022〕83号、GB 26341-2010", "2026-11-23", "95598"])
def test_national_hotlines_and_other_figures_may_stand_in_a_guide(
    write: Write, folder: Path, text: str, harmless: str
) -> None:
    write(text.replace("fee: 不收费", f"fee: 不收费\ncontact: 请问 {harmless}"))

    assert load(folder).guides["senior-card"].contact == f"请问 {harmless}"


def test_two_files_with_one_id_are_a_fault(write: Write, folder: Path, text: str) -> None:
    write()
    write(text.replace("民政局", "残联").replace("老年人优待证办理", "另一件事"), "残联/senior-card.yaml")

    assert faults(folder) == [
        "guides/民政局/senior-card.yaml:1 id：“senior-card”在 guides/残联/senior-card.yaml 里已经有了"
    ]


@pytest.mark.parametrize("file", ["senior-card.yaml", "民政局/旧/senior-card.yaml", "民政局/senior-card.yml"])
def test_a_guide_outside_a_departments_folder_is_a_fault(write: Write, folder: Path, text: str, file: str) -> None:
    write()
    write(text, file)

    assert faults(folder) == [f"guides/{file}：事项应放在部门的文件夹里，文件名以 .yaml 结尾"]


def test_an_empty_folder_is_no_catalogue(folder: Path) -> None:
    assert faults(folder) == ["guides：这里一个事项也没有"]


def test_sites_know_their_town_and_stations_are_named_by_the_rule(write: Write, folder: Path) -> None:
    write()
    write(SITES, "places/sites.yaml")
    write(DIVISIONS, "places/divisions.yaml")

    catalogue = load(folder)

    town, community, village = (catalogue.sites[code] for code in ("371083100", "371083100001", "371083100201"))
    assert (town.level, town.parent, town.latitude, town.longitude) == ("town", "371083", 36.9, 121.5)
    assert (community.level, community.parent, community.official_name) == (
        "community",
        town.code,
        "府前社区便民服务站",
    )
    assert (village.official_name, village.phone, village.verified) == ("河东联合便民服务站", "0631-1234567", True)
    assert catalogue.divisions["371083100201"].town == town.code


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("371083100001", "371083200001",
         "10 towns[1].communities[1].code：应以上级的代码“371083100”开头，现在是“371083200001”"),
        ("371083100201", "371083100001", "12 towns[1].villages[1].code：“371083100001”前面已经有了"),
        ("    longitude: 121.5\n", "", "6 towns[1].latitude：纬度 latitude 和经度 longitude 要么都写，要么都不写"),
        ("36.9", "121.5", "6 towns[1].latitude：应为 3 到 54 之间的度数，如 36.911，现在是“121.5”"),
        ("code: 371083100\n", "code: 37-1\n", "3 towns[1].code：应为 6 到 12 位数字的区划代码，现在是“37-1”"),
    ],
)  # fmt: skip
def test_a_fault_of_a_site_is_told_like_a_guides(
    write: Write, folder: Path, before: str, after: str, fault: str
) -> None:
    write()
    assert before in SITES
    write(SITES.replace(before, after), "places/sites.yaml")

    assert f"guides/places/sites.yaml:{fault}" in faults(folder)


def test_a_division_below_a_town_that_has_no_centre_is_a_fault(write: Write, folder: Path) -> None:
    write()
    write(SITES, "places/sites.yaml")
    write(DIVISIONS.replace("夏村镇", "下村镇"), "places/divisions.yaml")

    assert faults(folder) == [
        "guides/places/divisions.yaml:2 towns[1].code：sites.yaml 里没有代码是“371083100”的“下村镇”"
    ]


PIECES = st.sampled_from(
    ["id", "needed_if", "situations:", "materials:", "choices:", "review:", "on:", ": ", "- ", "\n", "  ", "\t", "[",
     "]", "{", "}", "'", "#", "~", "!", "&a ", "?", "|", ">", "null", "yes", "1", "1e3", "1:30", "0x", ".nan",
     "2026-13-01", "\u2028", "\ufeff"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 1300), length=st.integers(0, 40), pieces=st.lists(PIECES, max_size=6))
@example(position=0, length=2000, pieces=["1:30"])
def test_whatever_an_editor_writes_is_a_catalogue_or_faults(
    write: Write, folder: Path, text: str, position: int, length: int, pieces: list[str]
) -> None:
    write(text[:position] + "".join(pieces) + text[position + length :])

    reading = read_folder(folder)

    assert bool(reading.guides) or bool(reading.faults)
    assert all(fault.file.startswith("guides") and fault.message for fault in reading.faults)


def test_the_example_in_the_editors_manual_is_a_guide_without_a_fault(write: Write, folder: Path) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "guides.zh-CN.md").read_text(encoding="utf-8")
    write(manual.split("```yaml\n")[1].split("```")[0])

    guide = load(folder).guides["senior-card"]

    # It shows everything that may be written.
    assert all(getattr(guide, field.name) not in (None, ()) for field in dataclasses.fields(guide))


ABOLISHED = """\
papers:
  - paper: 亲属关系证明
    why: 村里不再开，看户口簿
"""


def test_a_paper_that_was_abolished_may_not_be_asked_for(write: Write, folder: Path, text: str) -> None:
    write(ABOLISHED, "abolished.yaml")
    write(text.replace("name: 遗失声明", "name: 村里开的亲属关系证明"))

    assert faults(folder) == [
        "guides/民政局/senior-card.yaml:36 materials[3].name：不能再要“亲属关系证明”：村里不再开，看户口簿"
    ]


def test_a_broken_list_of_abolished_papers_is_told(write: Write, folder: Path) -> None:
    write()
    write("papers: [{paper: 亲属关系证明}]\n", "abolished.yaml")

    assert faults(folder) == ["guides/abolished.yaml:1 papers[1].why：缺少这一项"]


EVENT = """\
id: old-age
name: 老了要办的事
label: 老了要办的几件事
summary: 一次说全。
aliases: [老了都要办什么]
examples: [老了都要办什么手续]
items:
  - item: senior-card
    given: {reason: lost}
  - item: bus-card
    when: 坐公交的
same_papers:
  - name: 老人的身份证
    covers: [居民身份证]
review:
  state: draft
  confidence: medium
"""


@pytest.fixture
def two_guides(write: Write, text: str) -> None:
    write()
    write(text.replace("senior-card", "bus-card").replace("老年人优待证办理", "公交卡"), "民政局/bus-card.yaml")


@pytest.mark.usefixtures("two_guides")
def test_a_life_event_is_loaded_with_its_items(write: Write, folder: Path) -> None:
    write(EVENT, "life-events/old-age.yaml")

    event = load(folder).events["old-age"]
    assert [entry.item for entry in event.items] == ["senior-card", "bus-card"]
    assert event.items[0].given == (Condition("reason", ("lost",)),)


@pytest.mark.usefixtures("two_guides")
@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("item: bus-card", "item: no-card", "10 items[2].item：没有“no-card”这个事项"),
        ("item: bus-card", "item: senior-card", "10 items[2].item：和前面的重复"),
        ("  - item: bus-card\n    when: 坐公交的\n", "", "7 items：一件事应有两个以上的事项"),
        ("{reason: lost}", "{reasons: lost}", "9 items[1].given.reasons：situations 里没有这个情形"),
        ("{reason: lost}", "{reason: gone}", "9 items[1].given.reason：应为“lost”、“first”"),
        ("[居民身份证]", "[身份证]", "14 same_papers[1].covers[1]：这几个事项里没有“身份证”这份材料"),
        ("    covers: [居民身份证]", "    covers: [居民身份证]\n  - {name: 证, covers: [居民身份证]}",
         "15 same_papers[2].covers[1]：“居民身份证”前面已经归到别的材料里了"),
        ("id: old-age", "id: senior-card", "1 id：“senior-card”在 guides/民政局/senior-card.yaml 里已经有了"),
        ("summary: 一次说全。", "summary: 打电话13812345678问",
         "4 summary：“13812345678”像电话号码；号码会变，指南里应写问哪个单位，或写 12345 这样的全国热线"),
    ],
)  # fmt: skip
def test_a_fault_in_a_life_event_is_told(write: Write, folder: Path, before: str, after: str, fault: str) -> None:
    assert before in EVENT
    write(EVENT.replace(before, after), "life-events/old-age.yaml")

    assert f"guides/life-events/old-age.yaml:{fault}" in faults(folder)
