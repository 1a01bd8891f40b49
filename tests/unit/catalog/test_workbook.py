"""The office's round trip: export, marks in the cells, import. Everything goes through files, as in the office."""

import datetime
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.exceptions import IllegalCharacterError

from citizen_bot.catalog import workbook
from citizen_bot.catalog.loader import load, read_folder
from citizen_bot.catalog.model import Condition, Guide, Material
from citizen_bot.catalog.workbook import marks as reading
from citizen_bot.cli import main
from citizen_bot.documents import FaultyFiles
from citizen_bot.settings import data_folder
from tests.unit.catalog.conftest import GUIDE

Write = Callable[..., Path]

TODAY = datetime.date(2026, 11, 24)
ITEM = "senior-card"


class Office:
    """A folder of guides, and the workbook that was exported from it."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.folder, self.file = folder, file
        if not file.exists():
            workbook.export(load(folder), file)
        self.book: Any = openpyxl.load_workbook(file)

    def row(self, place: str, item: str = ITEM) -> int:
        rows = self.book["内容"].iter_rows(min_row=2, values_only=True)
        return next(n for n, row in enumerate(rows, 2) if (row[0], row[3]) == (item, place))

    def present(self, place: str) -> Any:
        return self.book["内容"].cell(self.row(place), 5).value

    def correct(self, place: str, text: Any, item: str = ITEM) -> None:
        self.book["内容"].cell(self.row(place, item), 6, text)

    def add(self, *cells: Any, row: int = 2) -> None:
        for column, cell in enumerate(cells, 1):
            self.book["新增材料"].cell(row, column, cell)

    def review(self, **cells: Any) -> None:
        columns = {"by": 10, "on": 11, "levels": 12, "sharing": 13, "opinion": 14}
        rows = self.book["复核"].iter_rows(min_row=2, values_only=True)
        row = next(n for n, row in enumerate(rows, 2) if row[0] == ITEM)
        for name, cell in cells.items():
            # `value=None` in cell() would keep what is there.
            self.book["复核"].cell(row, columns[name]).value = cell

    def plan(self) -> workbook.Plan:
        self.book.save(self.file)
        return workbook.plan(self.folder, workbook.read(self.file), today=TODAY)

    def write(self) -> workbook.Plan:
        plan = self.plan()
        plan.write()
        return plan

    def diff(self) -> list[str]:
        """The changed lines, after writing."""
        lines = self.write().diff().split("\n")
        return [line for line in lines if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")]

    def faults(self) -> list[str]:
        """All faults; nothing may have been written."""
        before = self.texts()
        with pytest.raises(FaultyFiles) as caught:
            self.plan()
        assert self.texts() == before
        return [str(fault) for fault in caught.value.faults]

    def texts(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def guide(self) -> Guide:
        return load(self.folder).guides[ITEM]


@pytest.fixture
def rich() -> str:
    """The guide with comments, optional entries and lists in lines."""
    text = GUIDE.replace(
        "steps: [到窗口登记, 当场领证]\n", "# 怎么办\nsteps:\n  - 到窗口登记   # 先取号\n  - 当场领证\n"
    )
    text = text.replace("fee: 不收费\n", 'deadline: null\nfee: "不收费"  # 一直不收\n')
    refusals = "refusals:\n  - reason: 不到年龄\n    remedy: 满了再来\n"
    return text.replace("basis:\n", f"pitfalls:\n  - 照片要近期的\n{refusals}basis:\n")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workbook of `office` is kept, which is the same for every test."""
    return tmp_path_factory.mktemp("kept") / "guides.xlsx"


@pytest.fixture
def office(write: Write, folder: Path, rich: str, tmp_path: Path, kept: Path) -> Office:
    write(rich)
    write(rich.replace(ITEM, "bus-card").replace("老年人优待证办理", "公交卡"), "民政局/bus-card.yaml")
    if not kept.exists():
        workbook.export(load(folder), kept)
        book = openpyxl.load_workbook(kept)
        book["新增材料"].delete_rows(10, 200)  # the tests are quicker without
        book.save(kept)
    return Office(folder, Path(shutil.copy(kept, tmp_path)))


def test_the_citys_guides_come_back_without_a_difference(tmp_path: Path) -> None:
    folder = tmp_path / "guides"
    shutil.copytree(data_folder("guides"), folder)
    catalogue = read_folder(folder).catalogue()
    file = tmp_path / "guides.xlsx"

    workbook.export(catalogue, file)
    marks = workbook.read(file)
    plan = workbook.plan(folder, marks, today=TODAY)

    assert len(marks.states) == len(catalogue.guides)
    assert (plan.files, plan.diff(), plan.corrections, plan.reviews) == ((), "", 0, 0)


def test_the_office_reads_chinese_words(office: Office) -> None:
    (row,) = [row for row in office.book["复核"].iter_rows(values_only=True) if row[0] == ITEM]
    heading = [cell.value for cell in office.book["复核"][1]]

    assert dict(zip(heading, row, strict=True)) == {
        "事项编号": ITEM,
        "事项名称": "老年人优待证办理",
        "部门": "民政局",
        "哪里能办": "镇街、社区",
        "窗口": "综合窗口",
        "能否网办": "否",
        "把握": "高",
        "拿不准的地方": None,
        "复核状态": "已复核",
        "复核人": "王科长",
        "复核日期": datetime.datetime.fromisoformat("2026-03-01"),
        "哪一级能办已核对": None,
        "共享材料已核对": None,
        "意见": None,
    }
    assert office.present("materials[3].form") == "电子"
    assert office.present("materials[3].shared") == "是"
    assert office.present("time_limit.unit") == "工作日"
    assert office.present("time_limit.statutory") == 5
    assert office.present("levels") == "镇街、社区"
    assert office.present("deadline") is None
    assert office.present("materials[1].note") is None
    assert office.book["内容"].cell(office.row("situations[2].question"), 3).value == (
        "情形2·问题（reason=lost 丢了补办 / first 第一次办）"
    )
    assert office.book["_格式"].sheet_state == "veryHidden"
    assert [sheet.freeze_panes for sheet in office.book][:4] == [None, "C2", "C2", "A2"]


CORRECTIONS = [
    ("label", "老年证", ["-label: 老年证（60岁以上）", "+label: 老年证"]),
    ("conditions[1]", "年满60周岁: 按身份证", ["-  - 年满60周岁", '+  - "年满60周岁: 按身份证"']),
    ("situations[1].question", "您是本人吗？", ["-    question: 是别人替老人来办吗？", "+    question: 您是本人吗？"]),
    ("materials[3].form", "原件及复印件", ["-    form: 电子", "+    form: 原件及复印件"]),
    ("materials[1].copies", "２", ["-    copies: 1", "+    copies: 2"]),
    ("materials[1].copies", 2, ["-    copies: 1", "+    copies: 2"]),
    ("materials[3].source", "第三方出具", ["-    source: 申请人自备", "+    source: 第三方出具"]),
    ("materials[3].shared", "否", ["-    shared: true", "+    shared: false"]),
    ("materials[3].shared", False, ["-    shared: true", "+    shared: false"]),
    ("materials[2].when", "替办的", ["-    when: 别人替老人来办的", "+    when: 替办的"]),
    ("materials[2].note", "要原件", ["+    note: 要原件"]),
    ("steps[1]", "先登记", ["-  - 到窗口登记   # 先取号", "+  - 先登记   # 先取号"]),
    ("time_limit.promised", "3", ["-time_limit: {statutory: 5, promised: 0, unit: working}",
                                  "+time_limit: {statutory: 5, promised: 3, unit: working}"]),
    ("time_limit.unit", "自然日", ["-time_limit: {statutory: 5, promised: 0, unit: working}",
                                 "+time_limit: {statutory: 5, promised: 0, unit: calendar}"]),
    ("time_limit.note", "先到先办，不等", ["-time_limit: {statutory: 5, promised: 0, unit: working}",
                                  "+time_limit: {statutory: 5, promised: 0, unit: working, note: 先到先办，不等}"]),
    ("deadline", "没有期限", ["-deadline: null", "+deadline: 没有期限"]),
    ("fee", "yes", ['-fee: "不收费"  # 一直不收', '+fee: "yes"  # 一直不收']),
    ("amount", "按标准", ["+amount: 按标准"]),
    ("visits", "0", ["-visits: 1", "+visits: 0"]),
    ("agent.note", "带证", ["-agent: {allowed: true}", "+agent: {allowed: true, note: 带证}"]),
    ("home_service", "否", ["-home_service: true", "+home_service: false"]),
    ("levels", "村，社区", ["-levels: [town, community]", "+levels: [community, village]"]),
    ("window", "单设窗口", ["-window: 综合窗口", "+window: 单设窗口"]),
    ("where", "大厅", ["+where: 大厅"]),
    ("pitfalls[1]", "- 照片", ["-  - 照片要近期的", '+  - "- 照片"']),
    ("refusals[1].remedy", "下次来", ["-    remedy: 满了再来", "+    remedy: 下次来"]),
    ("contact", "问 12345", ["+contact: 问 12345"]),
    ("conditions[+]", "住在本市", ["+  - 住在本市"]),
    ("steps[+]", "取证\n\n回家", ["+  - 取证", "+  - 回家"]),
    ("steps[1]", "删除", ["-  - 到窗口登记   # 先取号"]),
    ("pitfalls[1]", "删除", ["-pitfalls:", "-  - 照片要近期的"]),
    ("time_limit.statutory", "删除", ["-time_limit: {statutory: 5, promised: 0, unit: working}",
                                    "+time_limit: {statutory: null, promised: 0, unit: working}"]),
    ("materials[2].when", "删除", ["-    when: 别人替老人来办的", "-    needed_if: {by-agent: yes}"]),
    ("refusals[1].reason", "删除", ["-refusals:", "-  - reason: 不到年龄", "-    remedy: 满了再来"]),
    ("materials[2].name", "删除", ["-  - name: 替办人的居民身份证", "-    form: 原件", "-    copies: 1",
                                 "-    source: 政府部门核发", "-    shared: false", "-    when: 别人替老人来办的",
                                 "-    needed_if: {by-agent: yes}"]),
]  # fmt: skip


@pytest.mark.parametrize(("place", "mark", "diff"), CORRECTIONS)
def test_a_correction_changes_its_lines_only_and_only_once(
    office: Office, place: str, mark: Any, diff: list[str]
) -> None:
    office.correct(place, mark)

    assert office.diff() == diff
    again = office.plan()
    assert (again.files, again.corrections) == ((), 0)


def test_comments_and_layout_stay_where_an_entry_goes(office: Office) -> None:
    path = office.folder / "民政局" / "senior-card.yaml"
    before = path.read_text()
    office.correct("materials[3].name", "删除")

    office.write()

    gone = before.index("  - name: 遗失声明"), before.index("# 怎么办")
    assert path.read_text() == before[: gone[0]] + before[gone[1] :]


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("begin", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_stay(
    write: Write, folder: Path, rich: str, tmp_path: Path, newline: str, begin: str
) -> None:
    text = (begin + rich.removesuffix("\n")).replace("\n", newline)
    path = write(text.encode())
    office = Office(folder, tmp_path / "guides.xlsx")
    office.correct("fee", "10元")
    office.correct("contact", "窗口")
    office.correct("steps[+]", "取证")
    office.correct("pitfalls[1]", "删除")
    office.review(levels="是", opinion="很好")

    office.write()

    after = path.read_bytes().decode()
    assert after.count("\n") == after.count(newline)
    assert after.startswith(begin + "id: senior-card" + newline)
    assert f"  doubts:{newline}    - 意见（王科长，2026-03-01）：很好{newline}  levels: confirmed{newline}" in after
    assert after.endswith("  sharing: inferred")
    assert office.guide().steps == ("到窗口登记", "当场领证", "取证")


def test_lists_in_brackets_and_of_mappings_in_brackets_are_changed_in_place(
    write: Write, folder: Path, text: str, tmp_path: Path
) -> None:
    one = "form: 原件, copies: 1, source: 申请人自备, shared: false"
    flat = f"materials: [{{name: 甲, {one}}}, {{name: 乙, {one}, note: 旧}}]\n"
    begin, end = text.index("materials:"), text.index("steps:")
    path = write(text[:begin] + flat + text[end:])
    office = Office(folder, tmp_path / "guides.xlsx")
    office.correct("steps[1]", "删除")
    office.correct("steps[+]", "取证, 回家")
    office.correct("materials[1].note", "新")
    office.correct("materials[2].note", "删除")
    office.add(ITEM, "丙", "原件", 1, "申请人自备", "是")

    office.write()

    assert 'steps: [当场领证, "取证, 回家"]\n' in path.read_text()
    assert [(material.name, material.note) for material in office.guide().materials] == [
        ("甲", "新"),
        ("乙", None),
        ("丙", None),
    ]


def test_values_over_several_lines_empty_ones_and_a_first_key_are_changed_in_place(
    write: Write, folder: Path, rich: str, tmp_path: Path
) -> None:
    text = rich.replace("deadline: null\n", "deadline:   # 还不知道\n")
    text = text.replace("levels: [town, community]\n", "levels:\n  - town\n  - community   # 两级\n")
    text = text.replace("summary: 年满60岁的老人可以办的证，", "summary: 年满60岁的老人\n  可以办的证，")
    text = text.replace("applicants: 年满60岁的老人\n", "applicants: >-\n  年满60岁\n  的老人\n\n# 条件\n")
    text = text.replace("  - name: 居民身份证\n", "  - note: 要原件\n    name: 居民身份证\n")
    path = write(text)
    office = Office(folder, tmp_path / "guides.xlsx")
    for place, mark in (
        ("deadline", "年底"),
        ("levels", "村、镇街"),
        ("summary", "可以办的证"),
        ("applicants", "老人"),
        ("materials[1].note", "删除"),
    ):
        office.correct(place, mark)

    office.write()

    after = path.read_text()
    assert "\ndeadline: 年底   # 还不知道\n" in after
    assert "\nlevels:\n  - town\n  - village   # 两级\nwindow:" in after
    assert "\nsummary: 可以办的证\ndepartment:" in after
    assert "\napplicants: 老人\n\n# 条件\nconditions:" in after
    assert "\nmaterials:\n  - name: 居民身份证\n    form: 原件\n" in after


def test_a_material_is_added(office: Office) -> None:
    office.add(
        ITEM, "照片", "原件", "2", "申请人自备", "否", "丢了或第一次办的", "reason＝lost、first；by-agent=yes", "近期的"
    )
    office.add(ITEM, "申请书", "电子", 1, "窗口领取填写", "是", row=4)

    assert office.diff()[:8] == [
        "+  - name: 照片",
        "+    form: 原件",
        "+    copies: 2",
        "+    source: 申请人自备",
        "+    shared: false",
        "+    when: 丢了或第一次办的",
        '+    needed_if: {reason: [lost, first], by-agent: "yes"}',
        "+    note: 近期的",
    ]
    assert office.guide().materials[3] == Material(
        name="照片",
        form="原件",
        copies=2,
        source="申请人自备",
        shared=False,
        when="丢了或第一次办的",
        needed_if=(Condition("reason", ("lost", "first")), Condition("by-agent", ("yes",))),
        note="近期的",
    )
    assert office.guide().materials[4].form == "电子"
    assert office.plan().corrections == 0


def test_many_marks_in_one_guide_find_their_places_and_a_second_import_changes_nothing(office: Office) -> None:
    office.correct("materials[1].name", "删除")
    office.correct("materials[2].name", "身份证")
    office.correct("materials[2].copies", "3")
    office.correct("materials[3].copies", "2")
    office.correct("conditions[1]", "删除")
    office.correct("conditions[+]", "年满六十")
    office.correct("steps[1]", "当场领证")
    office.correct("steps[2]", "到窗口登记")
    office.correct("fee", "免费", item="bus-card")
    office.add(ITEM, "照片", "原件", 1, "申请人自备", "否")
    office.review(by="李科长", on=datetime.date(2026, 11, 20), levels="是", opinion="要再问\n民政厅")

    first = office.write()

    assert (len(first.files), first.corrections, first.reviews) == (2, 10, 1)
    guide = office.guide()
    assert [(one.name, one.copies) for one in guide.materials] == [("身份证", 3), ("遗失声明", 2), ("照片", 1)]
    assert (guide.conditions, guide.steps) == (("年满六十",), ("当场领证", "到窗口登记"))
    second = office.plan()
    assert (second.files, second.corrections, second.reviews) == ((), 0, 0)


def test_a_row_still_finds_its_place_after_others_were_changed_elsewhere(
    office: Office, rich: str, write: Write
) -> None:
    office.correct("materials[3].copies", "2")
    office.correct("steps[2]", "领证")
    begin, end = rich.index("  - name: 居民身份证"), rich.index("  - name: 替办人")
    write(rich[:begin] + rich[end:].replace("  - 当场领证", "  - 等着\n  - 当场领证"))

    office.write()

    assert office.guide().materials[1].copies == 2
    assert office.guide().steps == ("到窗口登记", "等着", "领证")


@pytest.mark.parametrize(
    ("place", "mark", "before", "after", "fault"),
    [
        ("label", "证", "label: 老年证（60岁以上）", "label: 优待证",
         "这一项已经改过，现在是“优待证”，请重新导出后再改"),
        ("situations[1].question", "您是本人吗？", "是别人替老人来办吗？", "是替老人办吗？",
         "这一项已经改过，现在是“是替老人办吗？”，请重新导出后再改"),
        ("deadline", "年底", "deadline: null", "deadline: 月底", "这一项已经改过，现在是“月底”，请重新导出后再改"),
        ("pitfalls[1]", "删除", "照片要近期的", "照片要一寸的", "这一项已经改过或删掉了，请重新导出后再改"),
        ("steps[2]", "领证", "  - 当场领证\n", "", "这一项已经改过或删掉了，请重新导出后再改"),
        ("materials[3].copies", "2", "name: 遗失声明", "name: 声明", "这一项已经改过或删掉了，请重新导出后再改"),
    ],
)  # fmt: skip
def test_what_was_changed_since_the_export_is_not_overwritten(
    office: Office, write: Write, rich: str, place: str, mark: str, before: str, after: str, fault: str
) -> None:
    office.correct(place, mark)
    assert before in rich
    write(rich.replace(before, after))

    assert office.faults() == [f"内容 第{office.row(place)}行 更正：{fault}"]


@pytest.mark.parametrize(
    ("place", "mark", "fault"),
    [
        ("label", "老" * 31, "应不超过 30 个字，现在有 31 个字"),
        ("label", "字" * 5000, "字太多，应不超过 4000 个字"),
        ("label", "两\n行", "应为一行文字，中间不能换行，现在是“两 行”"),
        ("label", "=1+1", "不能写公式，请写成文字"),
        ("label", "删除", "这一项必须有，不能删除，只能改"),
        ("materials[2].form", "原本", "应为“原件”、“复印件”、“原件及复印件”、“电子”，现在是“原本”"),
        ("materials[2].copies", "两份", "应为整数，如 1，现在是“两份”"),
        ("materials[2].copies", "100", "应为 1 到 99 的整数，现在是“100”"),
        ("materials[2].shared", "有时", "应为“是”、“否”，现在是“有时”"),
        ("time_limit.unit", "天", "应为“工作日”、“自然日”，现在是“天”"),
        ("time_limit.promised", "9", "承诺时限应不超过法定时限"),
        ("time_limit.statutory", "9999", "time_limit.statutory：应为 0 到 3650 的整数，现在是“9999”"),
        ("levels", "镇街、县", "应为“市”、“镇街”、“社区”、“村”，几个的用顿号隔开，现在是“镇街、县”"),
        ("online.available", "是", "online.channel：能网上办的，要写在哪里办，如：爱山东APP"),
        ("situations[1].question", "您是谁", "一个情形只问一句话，写一个问号“？”"),
        ("steps[2]", "到窗口登记", "和前面的重复"),
        ("conditions[1]", "删除", "这一项必须有，不能全去掉"),
        ("conditions[+]", "问 0631-1234567",
         "“0631-1234567”像电话号码；号码会变，指南里应写问哪个单位，或写 12345 这样的全国热线"),
        ("steps[+]", "删除", "这一行只用来新增，没有可删除的"),
    ],
)  # fmt: skip
def test_a_wrong_correction_is_told_at_its_cell(office: Office, place: str, mark: str, fault: str) -> None:
    office.correct(place, mark)

    (told,) = office.faults()

    assert told in (
        f"内容 第{office.row(place)}行 更正：{fault}",
        f"内容 第{office.row(place)}行 更正：{fault.removeprefix(f'{place}：')}",
    )


def test_faults_are_told_at_their_cells_also_where_entries_before_them_go(office: Office) -> None:
    office.correct("materials[1].name", "删除")
    office.correct("materials[3].name", "长" * 81)
    office.add(ITEM, "长" * 82, "原件", 1, "申请人自备", "是")

    assert office.faults() == [
        f"内容 第{office.row('materials[3].name')}行 更正：应不超过 80 个字，现在有 81 个字",
        "新增材料 第2行 材料名称：应不超过 80 个字，现在有 82 个字",
    ]


def test_what_only_several_marks_break_together_is_told_at_the_nearest(office: Office) -> None:
    office.correct("steps[1]", "删除")
    office.correct("steps[2]", "删除")
    office.correct("time_limit.statutory", "2")
    office.correct("time_limit.promised", "3")
    office.correct("fee", "免费")

    assert office.faults() == [
        f"内容 第{office.row('steps[1]')}行 更正：这一项必须有，不能全去掉",
        f"内容 第{office.row('time_limit.promised')}行 更正：承诺时限应不超过法定时限",
    ]


def test_an_entry_of_a_material_that_goes_cannot_be_corrected(office: Office) -> None:
    office.correct("materials[2].name", "删除")
    office.correct("materials[2].note", "要原件")

    assert office.faults() == [f"内容 第{office.row('materials[2].note')}行 更正：这一份已经要整份删除，这里不用再改"]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ((ITEM, "照片", "", 1, "申请人自备", "否"), "原件/复印件：不能空着"),
        ((ITEM, "", "原件", 1, "申请人自备", "否"), "材料名称：不能空着"),
        ((ITEM, "照片", "原件", "一", "申请人自备", "否"), "份数：应为整数，如 1，现在是“一”"),
        ((ITEM, "照片", "原件", 1, "自己", "否"),
         "谁出具：应为“政府部门核发”、“申请人自备”、“窗口领取填写”、“第三方出具”，现在是“自己”"),
        ((ITEM, "照片", "原件", 1, "申请人自备", "否", "有的人"),
         "情形：“谁需要”和“情形”要一起写；人人都要的，两格都空着"),
        ((ITEM, "照片", "原件", 1, "申请人自备", "否", "", "reason=lost"),
         "谁需要：“谁需要”和“情形”要一起写；人人都要的，两格都空着"),
        ((ITEM, "照片", "原件", 1, "申请人自备", "否", "丢了的", "丢了"),
         "情形：应为“情形=答案”，如 reason=lost，现在是“丢了”"),
        ((ITEM, "照片", "原件", 1, "申请人自备", "否", "丢了的", "reason=x"),
         "情形：reason：应为“lost”、“first”，现在是“x”"),
        ((ITEM, "照片", "原件", 1, "申请人自备", "否", "丢了的", "why=lost"), "情形：why：situations 里没有这个情形"),
        ((ITEM, "遗失声明", "原件", 1, "申请人自备", "否"), "材料名称：这个事项已经有“遗失声明”这份材料了"),
        (("no-such", "照片", "原件", 1, "申请人自备", "否"), "事项编号：没有“no-such”这个事项"),
        (("", "照片", "原件", 1, "申请人自备", "否"), "事项编号：没有写事项编号"),
    ],
)  # fmt: skip
def test_a_wrong_new_material_is_told_at_its_cell(office: Office, cells: tuple[Any, ...], fault: str) -> None:
    office.add(*cells)

    assert office.faults() == [f"新增材料 第2行 {fault}"]


@pytest.mark.parametrize(
    "on",
    [datetime.date(2026, 11, 20), "2026-11-20", "2026/11/20", "2026.11.20", "2026年11月20日", "２０２６-１１-２０"],
)
def test_a_review_is_applied(office: Office, on: Any) -> None:
    office.review(by="李科长", on=on, levels="是", sharing="是")

    assert office.diff() == [
        "-  by: 王科长",
        "-  on: 2026-03-01",
        "+  by: 李科长",
        "+  on: 2026-11-20",
        "-  levels: inferred",
        "-  sharing: inferred",
        "+  levels: confirmed",
        "+  sharing: confirmed",
    ]


def test_a_draft_becomes_reviewed(write: Write, folder: Path, rich: str, tmp_path: Path) -> None:
    write(rich.replace("state: reviewed\n  by: 王科长\n  on: 2026-03-01", "state: draft"))
    office = Office(folder, tmp_path / "guides.xlsx")
    office.review(by="李科长", on="2026-11-24")

    assert office.diff() == ["-  state: draft", "+  state: reviewed", "+  by: 李科长", "+  on: 2026-11-24"]
    assert office.plan().reviews == 0


def test_an_opinion_is_kept_as_a_doubt(office: Office) -> None:
    office.review(opinion="第2条 请改: “满”字\n其余没有")

    assert office.diff() == ["+  doubts:", '+    - "意见（王科长，2026-03-01）：第2条 请改: “满”字；其余没有"']
    assert office.plan().reviews == 0


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        ({"by": None}, ["复核人：复核要写明复核人"]),
        ({"on": None}, ["复核日期：复核要写明复核日期，如 2026-11-24"]),
        ({"by": None, "on": None, "levels": "是"},
         ["复核人：复核要写明复核人", "复核日期：复核要写明复核日期，如 2026-11-24"]),
        ({"by": None, "on": None, "opinion": "好"},
         ["复核人：复核要写明复核人", "复核日期：复核要写明复核日期，如 2026-11-24"]),
        ({"on": datetime.date(2026, 11, 25)}, ["复核日期：复核日期 2026-11-25 还没到"]),
        ({"on": "昨天"}, ["复核日期：应为日期，如 2026-11-24，现在是“昨天”"]),
        ({"on": "2026-02-30"}, ["复核日期：应为日期，如 2026-11-24，现在是“2026-02-30”"]),
        ({"levels": "核过"}, ["哪一级能办已核对：应为“是”，没有核对的空着，现在是“核过”"]),
        ({"opinion": "请打 13812345678"},
         ["意见：“13812345678”像电话号码；号码会变，指南里应写问哪个单位，或写 12345 这样的全国热线"]),
        ({"by": "=A1"}, ["复核人：不能写公式，请写成文字"]),
    ],
)  # fmt: skip
def test_a_wrong_review_is_told_at_its_cell(office: Office, cells: dict[str, Any], faults: list[str]) -> None:
    office.review(**cells)

    told = office.faults()

    assert [fault.removeprefix("复核 第3行 ") for fault in told] == faults


def test_a_review_since_the_export_is_not_overwritten(office: Office, write: Write, rich: str) -> None:
    office.review(by="李科长", on="2026-11-20")
    write(rich.replace("王科长", "赵科长"))

    assert office.faults() == ["复核 第3行 复核人：这个事项的复核已经改过，现在是“赵科长 2026-03-01”，请重新导出后再改"]


def test_a_review_that_stands_twice_is_a_fault(office: Office) -> None:
    sheet = office.book["复核"]
    for column in range(1, 15):
        sheet.cell(4, column, sheet.cell(3, column).value)

    assert office.faults() == ["复核 第4行 事项编号：这个事项的复核写了不止一行，请只留一行"]


def test_an_untouched_review_of_before_changes_nothing(office: Office, write: Write, rich: str) -> None:
    write(rich.replace("王科长", "赵科长"))

    assert office.plan().files == ()


def test_all_faults_are_told_at_once_and_nothing_is_written(office: Office) -> None:
    office.correct("fee", "免费", item="bus-card")
    office.correct("label", "老" * 31)
    office.correct("visits", "很多")
    office.review(on="明天")
    office.add("x", "照片", "原件", 1, "申请人自备", "否")

    assert [fault.split("：")[0] for fault in office.faults()] == [
        f"内容 第{office.row('label')}行 更正",
        f"内容 第{office.row('visits')}行 更正",
        "复核 第3行 复核日期",
        "新增材料 第2行 事项编号",
    ]


def test_unknown_items_and_places_and_a_place_twice_are_faults(office: Office) -> None:
    sheet = office.book["内容"]
    last = sheet.max_row
    for n, (item, place) in enumerate(
        [("no-such", "label"), (ITEM, "colour"), (ITEM, "steps[9]"), (ITEM, "fee"), (ITEM, "fee"), ("", "label"),
         (ITEM, ""), (ITEM, "steps[0]"), (ITEM, "review.by"), (ITEM, "aliases[+]")], 1
    ):  # fmt: skip
        for column, cell in ((1, item), (4, place), (6, "字")):
            sheet.cell(last + n, column, cell)

    assert [fault.split("：", 1)[1] for fault in office.faults()] == [
        "没有“no-such”这个事项",
        "没有“colour”这一处",
        "没有“steps[9]”这一处",
        "这一处改了不止一次，请只留一行",
        "这一处改了不止一次，请只留一行",
        "没有写事项编号",
        "没有写位置",
        "没有“steps[0]”这一处",
        "没有“review.by”这一处",
        "没有“aliases[+]”这一处",
    ]


def test_an_item_whose_file_has_faults_takes_no_marks_and_its_faults_are_not_told_again(
    office: Office, write: Write, rich: str
) -> None:
    write(rich.replace("visits: 1", "visits: 10"))
    office.correct("fee", "免费", item="bus-card")
    assert len(office.plan().files) == 1

    office.correct("fee", "免费")

    assert office.faults() == [
        f"内容 第{office.row('fee')}行 更正：“senior-card”的文件现在有错误，请先用 citizen-bot catalog check 检查、改好"
    ]


@pytest.mark.parametrize("fee", ["=1+1", "+86", "-3", "@SUM(A1)", "#N/A", "'引号", "_x0041_", "1/2", "007", "TRUE"])
def test_texts_that_look_like_formulas_or_values_stay_texts(
    write: Write, folder: Path, rich: str, tmp_path: Path, fee: str
) -> None:
    write(rich.replace('"不收费"', f'"{fee}"'))
    office = Office(folder, tmp_path / "guides.xlsx")

    cell = office.book["内容"].cell(office.row("fee"), 5)
    assert (cell.value, cell.data_type, cell.number_format) == (fee, "s", "@")
    # Had the cell become something else, the present value would not fit any more.
    office.correct("fee", "免费")
    assert office.diff()[1] == "+fee: 免费  # 一直不收"


@pytest.fixture(scope="module")
def shared_office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("property") / "guides"
    (folder / "民政局").mkdir(parents=True)
    (folder / "民政局" / "senior-card.yaml").write_text(GUIDE)
    return Office(folder, folder.parent / "guides.xlsx")


PRINTABLE = st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn", "Co"])
TRICKY = st.sampled_from(["yes", "null", "~", "1e3", "1:30", "2026-01-01", ": ", " #", "- ", "? ", "[", "]", "{", "}",
                          ",", '"', "'", "\\", "&a", "*a", "!x", "|", ">", "%", "@", "`", "=", "<<", "---", "...",
                          "\u2028", "\u0085", "\u00a0", "\ufeff", "_x000A_", "删除", "😀"])  # fmt: skip


PLACES = ["fee", "result", "conditions[1]", "steps[2]", "steps[+]", "online.note", "where", "materials[1].note"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.one_of(TRICKY, PRINTABLE), min_size=1, max_size=12).map("".join), place=st.sampled_from(PLACES))
@example(text="a\u2028b", place="fee")
def test_any_printable_text_comes_back_as_it_was_written_or_is_a_fault_of_its_row(
    shared_office: Office, text: str, place: str
) -> None:
    office, told = shared_office, list[str]()
    cell = office.book["内容"].cell(office.row(place), 6)
    try:
        cell.value = text
    except IllegalCharacterError:
        return
    cell.data_type = "s"
    try:
        plan = office.plan()
    except FaultyFiles as faulty:
        told = [str(fault) for fault in faulty.faults]
    finally:
        cell.value = None
    assert all(fault.startswith(f"内容 第{office.row(place)}行 更正：") for fault in told)
    if told or text.strip() in ("", "删除"):
        return
    data = yaml.load(plan.files[0].after, Loader=yaml.CSafeLoader)
    keys = [key.rstrip("]") for key in place.replace("+", "3").replace("[", ".").split(".")]
    for key in keys:
        data = data[int(key) - 1 if key.isdigit() else key]
    assert data == text.strip()


def change_sheets(book: Any, how: str) -> None:
    if how == "no sheet":
        del book["内容"]
    elif how == "no column":
        book["复核"].cell(1, 11, "日期")
    elif how == "empty sheet":
        del book["内容"]
        book.create_sheet("内容")
    elif how == "no state":
        del book["_格式"]
    elif how == "format":
        book["_格式"].cell(1, 2, 1)


def damage(file: Path, how: str) -> None:
    if how == "text":
        file.write_text("事项编号,事项名称\n")
    elif how == "half":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif how == "zip":
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("a.txt", "a")
    elif how == "xml":
        with zipfile.ZipFile(file) as packed:
            parts = {name: packed.read(name) for name in packed.namelist()}
        with zipfile.ZipFile(file, "w") as packed:
            for name, content in parts.items():
                packed.writestr(name, content[: len(content) // 2] if "sheet3" in name else content)
    elif how == "bomb":
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed, packed.open("xl/big.xml", "w") as part:
            for _ in range(reading.MAX_UNPACKED // (1 << 22) + 1):
                part.write(bytes(1 << 22))
    elif how == "large":
        with file.open("r+b") as stream:
            stream.truncate(reading.MAX_BYTES + 1)
    elif how == "gone":
        file.unlink()


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ("text", "不是 .xlsx 表格，或文件坏了；请用 Excel 或 WPS 另存为 .xlsx 再导入"),
        ("half", "不是 .xlsx 表格，或文件坏了；请用 Excel 或 WPS 另存为 .xlsx 再导入"),
        ("zip", "这个表格坏了，读不出来；请重新导出，或用 Excel、WPS 另存为 .xlsx"),
        ("xml", "这个表格坏了，读不出来；请重新导出，或用 Excel、WPS 另存为 .xlsx"),
        ("bomb", "文件展开后太大，不像是从这里导出的表格"),
        ("large", "文件太大，应不超过 20 MB"),
        ("gone", "读不出这个文件（No such file or directory）"),
        ("no sheet", "缺少“内容”这张表，请重新导出"),
        ("no column", "“复核”缺少“复核日期”这一列，请重新导出"),
        ("empty sheet", "“内容”是空的，请重新导出"),
        ("no state", "缺少“_格式”这张表，请重新导出"),
        ("format", "这个表格是别的版本导出的，请重新导出"),
    ],
)
def test_an_unusable_workbook_is_one_sentence(office: Office, how: str, fault: str) -> None:
    change_sheets(office.book, how)
    office.book.save(office.file)
    damage(office.file, how)

    with pytest.raises(FaultyFiles) as caught:
        workbook.read(office.file)

    assert [str(one) for one in caught.value.faults] == [f"guides.xlsx：{fault}"]


def test_too_many_rows_are_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 20)

    with pytest.raises(FaultyFiles, match="“内容”的行太多，应不超过 20 行"):
        workbook.read(office.file)


def test_columns_may_change_places_and_others_may_be_put_between(office: Office) -> None:
    office.correct("fee", "免费")
    office.book["内容"].insert_cols(2, 2)

    assert office.plan().corrections == 1


def test_a_file_that_changes_meanwhile_is_not_overwritten_and_no_other_is_written(
    office: Office, write: Write, rich: str
) -> None:
    office.correct("fee", "免费")
    office.correct("fee", "免费", item="bus-card")
    plan = office.plan()
    write(rich + "# 刚改\n")
    before = office.texts()

    with pytest.raises(FaultyFiles, match="刚刚又改过，什么都没有写"):
        plan.write()

    assert office.texts() == before


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["catalog", *arguments])


def test_the_commands_export_show_and_write(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    file, guides = str(office.file.parent / "new.xlsx"), ("--guides", str(office.folder))

    exported = run("export", file, *guides)
    assert (exported.exit_code, exported.stdout, exported.stderr) == (0, "", "已导出 2 个事项\n")
    office = Office(office.folder, Path(file))
    office.correct("visits", "0")
    office.book.save(file)
    before = office.texts()

    shown = run("import", file, *guides)
    assert office.texts() == before
    written = run("import", file, *guides, "--write")

    assert shown.exit_code == written.exit_code == 0
    assert shown.stdout == written.stdout
    assert shown.stdout.startswith("--- a/guides/民政局/senior-card.yaml\n+++ b/guides/民政局/senior-card.yaml\n@@")
    assert "\n-visits: 1\n+visits: 0\n" in shown.stdout
    assert shown.stderr == "1 个事项改了，1 处更正，0 条复核（只是看看，还没有写；写进去请加 --write）\n"
    assert written.stderr == "1 个事项改了，1 处更正，0 条复核\n"
    assert office.guide().visits == 0
    assert run("import", file, *guides, "--write").stderr == "0 个事项改了，0 处更正，0 条复核\n"


def test_the_commands_tell_faults_and_fail(office: Office) -> None:
    guides = ("--guides", str(office.folder))
    office.correct("visits", "许多")
    office.book.save(office.file)

    failed = run("import", str(office.file), *guides, "--write")
    misnamed = run("export", str(office.file.with_suffix(".csv")), *guides)
    nowhere = run("export", str(office.file.parent / "none" / "a.xlsx"), *guides)

    row = office.row("visits")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr == f"内容 第{row}行 更正：应为整数，如 1，现在是“许多”\n"
    assert (misnamed.exit_code, misnamed.stderr) == (1, "guides.csv：文件名应以 .xlsx 结尾\n")
    assert (nowhere.exit_code, nowhere.stderr) == (1, "a.xlsx：写不了这个文件（No such file or directory）\n")
