"""What agents say they took over, as papers and sums: what is not sure is never left out."""

from decimal import Decimal

import pytest

from citizen_bot.dialogue.agents.taken import changed, dump, load, read_things
from citizen_bot.visits.service import Taken


def _read(text: str) -> list[tuple[str, int | str]]:
    things = read_things(text, "现金")
    assert not things.unclear
    assert load(dump(things.taken)) == things.taken, "the memory of the talk keeps it"
    return [(taken.name, taken.pieces if taken.amount is None else str(taken.amount)) for taken in things.taken]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("户口簿1本 身份证复印件2张 钱20元", [("户口簿", 1), ("身份证复印件", 2), ("钱", "20.00")]),
        ("户口簿一本、身份证复印件两张，二十块钱", [("户口簿", 1), ("身份证复印件", 2), ("现金", "20.00")]),
        ("2张身份证复印件和1本户口簿", [("身份证复印件", 2), ("户口簿", 1)]),
        ("1本户口簿2张照片", [("户口簿", 1), ("照片", 2)]),
        ("身份证原件1张复印件2张", [("身份证原件", 1), ("复印件", 2)]),
        ("户口簿 １ 本 身份证复印件 ２ 张", [("户口簿", 1), ("身份证复印件", 2)]),
        ("户口簿：1本；工本费五块五", [("户口簿", 1), ("工本费", "5.50")]),
        ("身份证、户口簿各2份", [("身份证", 2), ("户口簿", 2)]),
        ("户口簿，身份证1张", [("户口簿", 1), ("身份证", 1)]),
        ("一寸照片2张，二代身份证1张", [("一寸照片", 2), ("二代身份证", 1)]),
        ("她的户口簿1本和残疾证1本", [("户口簿", 1), ("残疾证", 1)]),
        ("收入证明1份，和解书1份", [("收入证明", 1), ("和解书", 1)]),
        ("户口簿2本都收好了", [("户口簿", 2)]),
        ("户口簿x2", [("户口簿", 2)]),
        ("钱20", [("钱", "20.00")]),
        ("现金两百", [("现金", "200.00")]),
        ("20块5", [("现金", "20.50")]),
        ("20块3张照片", [("现金", "20.00"), ("照片", 3)]),
        ("￥380.5", [("现金", "380.50")]),
        ("三百八十块钱养老保险", [("养老保险", "380.00")]),
        ("一百零五元，一百五十元", [("现金", "105.00"), ("现金", "150.00")]),
        ("两千三百二十一块", [("现金", "2321.00")]),
        ("五毛", [("现金", "0.50")]),
    ],
)
def test_papers_and_sums_are_read(text: str, expected: list[tuple[str, int | str]]) -> None:
    assert _read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "-20元",
        "0元",
        "20.555元",
        "1,200元",
        "十百元",
        "99999999999元",
        "2张",
        "户口簿0本",
        "照片100000张",
        "一些东西",
        "户口簿1本，那个啥",
        f"{'名' * 41}1份",
        "' OR 1=1; DROP TABLE visits",
        "13800001234",
    ],
)
def test_what_is_not_sure_is_told(text: str) -> None:
    assert read_things(text, "现金").unclear


def test_what_was_read_back_is_changed_by_name_added_to_or_replaced() -> None:
    book, fee = Taken("户口簿", pieces=1), Taken("钱", amount=Decimal("20.00"))
    two, card = Taken("户口簿", pieces=2), Taken("身份证", pieces=1)
    assert changed([book, fee], [two], more=False) == (two, fee)
    assert changed([book, fee], [card], more=True) == (book, fee, card)
    assert changed([book, fee], [card], more=False) == (card,)
