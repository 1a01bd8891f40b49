"""Names and telephone numbers as residents write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citizen_bot.dialogue.signals import load_signals
from citizen_bot.dialogue.tasks.details import Phone, identity_in, read_name, read_phone
from citizen_bot.settings import data_folder

NOT_NAMES = load_signals(data_folder("intents")).tasks.not_names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("姜秀兰", "姜秀兰"),
        ("俺叫于凤英", "于凤英"),
        ("老人叫王桂芬，我是她闺女", "王桂芬"),
        ("俺爹叫都本善", "都本善"),
        ("姓名：宋德福", "宋德福"),
        ("王桂芬电话一会给你", None),
        ("名字欧阳秀英", "欧阳秀英"),
        ("就写肖莉吧", "肖莉"),
        ("闫玉梅", "闫玉梅"),
        ("谢谢", None),
        ("马上", None),
        ("路上", None),
        ("薛家村", None),
        ("叫薛家村", None),
        ("不知道", None),
        ("", None),
        ("。。。", None),
        ("1234567", None),
        ("<script>alert(1)</script>", None),
        ("'; DROP TABLE appointments; --", None),
        ("王\u202e秀英\x00", None),
        ("王" * 5000, None),
        ("叫" * 5000, None),
    ],
)
def test_a_name_in_answer_to_the_question(text: str, name: str | None) -> None:
    assert read_name(text, NOT_NAMES, asked=True) == name


@pytest.mark.parametrize("text", ["姜秀兰", "于凤英 后天去", "薛家村"])
def test_a_name_that_nobody_asked_for_needs_a_word_before_it(text: str) -> None:
    assert read_name(text, NOT_NAMES, asked=False) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("名字打错了 是王富山", "王富山"),
        ("写错了，应该是王富山", "王富山"),
        ("不对，王富山", "王富山"),
        ("不是王福山 是王富山", "王富山"),
        ("不对 是战玉华", "战玉华"),
        ("不对，下周三", None),
        ("不是残疾证 是高龄补贴", None),
        ("说错了，应该的", None),
    ],
)
def test_a_name_is_corrected(text: str, name: str | None) -> None:
    assert read_name(text, NOT_NAMES, asked=False, corrected=True) == name


@pytest.mark.parametrize(
    ("text", "name"), [("冷桂英", "冷桂英"), ("初玉兰", "初玉兰"), ("应该是", None), ("付钱", None)]
)
def test_beside_a_telephone_number_an_everyday_word_may_be_a_family(text: str, name: str | None) -> None:
    assert read_name(text, NOT_NAMES, asked=True, beside_phone=True) == name
    assert read_name(text, NOT_NAMES, asked=True) is None


@pytest.mark.parametrize(
    ("text", "number", "rest"),
    [
        ("13800000001", "13800000001", ""),
        ("１３８００００００１１", "13800000011", ""),
        ("一三八零零零零零零零二", "13800000002", ""),
        ("幺三八零零零零零零零二", "13800000002", ""),
        ("138 0000 0003", "13800000003", ""),
        ("138-0000-0003", "13800000003", ""),
        ("一三八 零零零一 零零一五", "13800010015", ""),
        ("王秀英13800000001", "13800000001", "王秀英"),
        ("电话是13800000004，我是她闺女", "13800000004", "电话是 ,我是她闺女"),
    ],
)
def test_a_telephone_number_in_digits_or_spoken(text: str, number: str, rest: str) -> None:
    phone, left = read_phone(text)
    assert (phone, left.strip()) == (Phone(number), rest)


@pytest.mark.parametrize("text", ["1380000000", "23800000001", "138000000011"])
def test_digits_that_are_no_telephone_number_are_told_so(text: str) -> None:
    assert read_phone(text)[0] == Phone(None)


@pytest.mark.parametrize("text", ["", "3", "下午三点", "12月2日", "2026-12-02", "第二个", "没有电话"])
def test_other_numbers_are_no_telephone_number(text: str) -> None:
    assert read_phone(text) == (None, text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("最后两位是04", "13800000004"),
        ("电话打错了，最后两位是04，不是40", "13800000004"),
        ("最后四位应该是一二三四", "13800001234"),
    ],
)
def test_the_end_of_a_number_is_corrected(text: str, number: str) -> None:
    assert read_phone(text, "13800000040")[0] == Phone(number)


def test_an_end_of_another_length_or_without_a_number_corrects_nothing() -> None:
    assert read_phone("最后两位是041", "13800000040")[0] is None
    assert read_phone("最后两位是04")[0] is None


def test_an_identity_number_is_no_telephone_number() -> None:
    assert read_phone("371083194001010021")[0] is None
    assert identity_in("身份证号37108319400101002Ｘ") is not None
    assert identity_in("13800000001") is None


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("371083194001010029", "right"),
        ("371083194001010019", "check_digit"),
        ("371083194013010026", "date"),
        ("37108319400101002", "length"),
        ("3710831940010100211", "length"),
        ("6222021234567890123", None),
    ],
)
def test_an_identity_number_is_checked(number: str, told: str | None) -> None:
    assert identity_in(f"我的身份证{number}") == told


_LIKELY = st.text(st.sampled_from("叫王于是不对错了姓名村一三八零0138 -，,。最后位给俺娘\x00\u202e😀"), max_size=60)


@given(
    text=st.one_of(st.text(max_size=200), _LIKELY), asked=st.booleans(), corrected=st.booleans(), phone=st.booleans()
)
def test_nothing_that_is_written_breaks_the_readers(text: str, asked: bool, corrected: bool, phone: bool) -> None:
    name = read_name(text, NOT_NAMES, asked=asked, corrected=corrected, beside_phone=phone)
    assert name is None or 2 <= len(name) <= 20
    for before in (None, "13800000001"):
        found, _ = read_phone(text, before)
        assert found is None or found.number is None or found.number.isdigit() or "-" in found.number
    identity_in(text)
