import pytest
from cryptography.fernet import Fernet

from citizen_bot.people.contacts import (
    WrongIdentity,
    check_identity,
    check_name,
    check_phone,
    contact_columns,
    name_key,
    person_index,
)
from citizen_bot.platform.privacy import Privacy

PRIVACY = Privacy((Fernet.generate_key().decode(),))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("王秀英", "王秀英"),
        (" 王 秀英\n", "王秀英"),
        ("王　五", "王五"),
        ("㐂䶮", "㐂䶮"),
        ("𠮷野", "𠮷野"),
        ("古丽•买买提", "古丽·买买提"),
        ("古丽.买买提", "古丽·买买提"),
        ("John  Smith", "John Smith"),
        ("Ｊｏｈｎ", "John"),
        ("O'Neill-Müller", "O'Neill-Müller"),
        ("王", None),
        ("", None),
        ("王5", None),
        ("13800001234", None),
        ("王John", None),
        ("·王五", None),
        ("王五！", None),
        ("王" * 21, None),
        ("<b>王五</b>", None),
    ],
)
def test_a_name_is_chinese_or_latin_in_one_form(text: str, name: str | None) -> None:
    assert check_name(text) == name


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("13800001234", "13800001234"),
        ("138 0000 1234", "13800001234"),
        ("+86 138-0000-1234", "13800001234"),
        ("008613800001234", "13800001234"),
        ("１３８００００１２３４", "13800001234"),
        ("0631-6651234", "0631-6651234"),
        ("（0631）6651234", "0631-6651234"),
        ("06316651234", "0631-6651234"),
        ("010 12345678", "010-12345678"),
        ("02012345678", "020-12345678"),
        ("6651234", None),
        ("12345", None),
        ("12800001234", None),
        ("1380000123", None),
        ("138000012345", None),
        ("020-1234567", None),
        ("13800001234 转2", None),
        ("", None),
    ],
)
def test_a_phone_is_a_mobile_or_has_its_area_code(text: str, phone: str | None) -> None:
    assert check_phone(text) == phone


def test_an_identity_number_is_brought_into_one_form() -> None:
    # The example of GB 11643-1999.
    assert check_identity("11010519491231002x") == "11010519491231002X"
    assert check_identity(" 440524 18800101 0014 ") == "440524188001010014"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1101051949123100", "length"),
        ("1101051949123100X2", "length"),
        ("一二三", "length"),
        ("110105194912310021", "check_digit"),
        ("110105194912310120", "check_digit"),
        ("110105194913310021", "date"),
    ],
)
def test_what_is_wrong_with_an_identity_number_is_told(text: str, reason: str) -> None:
    with pytest.raises(WrongIdentity) as caught:
        check_identity(text)
    assert caught.value.reason == reason
    assert text not in str(caught.value)


def test_spellings_of_one_name_are_one_person() -> None:
    assert name_key("古丽·买买提") == name_key("古丽•买买提 ") == name_key("古丽买买提")
    assert name_key("John Smith") == name_key("ＪＯＨＮ smith")

    def index(name: str, phone: str = "1", lookup: bytes | None = b"a") -> bytes:
        return person_index(PRIVACY, lookup=lookup, name=name, phone=phone)

    assert index("王 五") == index("王五", phone="2")
    assert index("王五") != index("王六")
    assert index("王五") != index("王五", lookup=b"b")
    assert index("王五", lookup=None) != index("王五", phone="2", lookup=None)


def test_contacts_are_kept_sealed_with_indexes_to_find_them_by() -> None:
    columns = contact_columns(PRIVACY, name="王秀英", phone="13800001234")
    assert PRIVACY.open(columns["name_sealed"]) == "王秀英"
    assert PRIVACY.open(columns["phone_sealed"]) == "13800001234"
    again = contact_columns(PRIVACY, name="王 秀英", phone="13900001234")
    assert columns["name_index"] == again["name_index"]
    assert columns["phone_index"] != again["phone_index"]
    assert columns["phone_tail_index"] == again["phone_tail_index"]
