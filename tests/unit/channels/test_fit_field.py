import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citizen_bot.channels.wechat import fit_field
from citizen_bot.sandbox.api.messages import FIELD_RULES


@pytest.mark.parametrize(
    ("name", "value", "fitted"),
    [
        ("thing1", "补领社会保障卡", "补领社会保障卡"),
        ("thing1", "一" * 20, "一" * 20),
        ("thing1", "一" * 21, "一" * 19 + "…"),
        ("thing12", "带身份证\r\n和 \t户口簿", "带身份证 和 户口簿"),
        ("thing1", " \n", "—"),
        ("thing1", "\u200b\x00", "—"),
        ("phrase2", "等待您来办理", "等待您来办"),
        ("phrase2", "已办结。", "已办结"),
        ("phrase2", "OK", "无"),
        ("name3", "欧阳" * 6, "欧阳" * 5),
        ("name3", "Anne-Marie", "Anne-Marie"),
        ("name3", "Mary Ann Evans Smith", "Mary Ann Evans Smith"),
        ("name3", "", "无"),
        ("character_string4", "A-1024号", "A-1024"),
        ("character_string4", "", "-"),
        ("time5", "2026年1月5日 15:01", "2026年1月5日 15:01"),
        ("date5", "2026年1月5日", "2026年1月5日"),
        ("number6", "-3.5", "-3.5"),
        ("amount7", "¥20.00", "¥20.00"),
        ("phone_number8", "0631-12345", "0631-12345"),
        ("phone_number8", "", "-"),
        ("car_number9", "鲁K12345678", "鲁K123456"),
        ("keyword1", "一" * 30, "一" * 19 + "…"),
    ],
)
def test_a_value_fits_its_field(name: str, value: str, fitted: str) -> None:
    assert fit_field(name, value) == fitted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time1", ""),
        ("time1", "上午"),
        ("date1", "明天"),
        ("number1", "三"),
        ("amount1", "免费"),
        ("phone_number1", "转3"),
        ("letter1", ""),
    ],
)
def test_a_number_or_time_is_never_bent_into_shape(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=re.escape(name)) as caught:
        fit_field(name, value)
    assert not value or value not in str(caught.value)


@given(kind=st.sampled_from(["thing", "phrase", "name", "character_string", "symbol", "car_number"]), value=st.text())
def test_whatever_the_text_wechat_takes_it(kind: str, value: str) -> None:
    assert FIELD_RULES[kind].fullmatch(fit_field(f"{kind}1", value))
