import pytest
from cryptography.fernet import Fernet, InvalidToken

from citizen_bot.platform.privacy import Privacy, mask, mask_name, mask_phone

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_sealed_values_open_again_also_after_a_rotation_of_keys() -> None:
    sealed = Privacy((OLD,)).seal("oABCD")
    assert b"oABCD" not in sealed
    assert Privacy((NEW, OLD)).open(sealed) == "oABCD"
    with pytest.raises(InvalidToken):
        Privacy((NEW,)).open(sealed)


def test_the_index_stays_the_same_after_a_rotation_and_keeps_parts_apart() -> None:
    assert Privacy((OLD,)).index("a", "b") == Privacy((NEW, OLD)).index("a", "b")
    assert Privacy((OLD,)).index("ab", "c") != Privacy((OLD,)).index("a", "bc")
    assert Privacy((OLD,)).index("a", "b") != Privacy((NEW,)).index("a", "b")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13800000001找我", "电话138****0001找我"),
        ("138 0000 0001", "138****0001"),
        ("身份证371083194001010021", "身份证371083********0021"),
        ("我叫王秀英，低保咋办", "我叫王**，低保咋办"),
        ("卡号6222021234567890123", "卡号6222***********0123"),
        ("编号RS20261020017", "编号RS20261020017"),
        ("80岁能领2000元吗", "80岁能领2000元吗"),
    ],
)
def test_numbers_of_persons_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("name", ["王五", "王秀英", "王古丽·买买提"])
def test_of_a_name_only_the_first_character_shows(name: str) -> None:
    assert mask_name(name) == "王**"


@pytest.mark.parametrize(
    ("phone", "masked"), [("13800001234", "138****1234"), ("0631-6651234", "****234"), ("010-12345678", "****678")]
)
def test_of_a_phone_number_the_middle_is_hidden(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked
