"""Against wechatpy, an independent implementation, byte for byte and in both directions."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto
from wechatpy.crypto import WeChatCrypto as OracleCrypto
from wechatpy.utils import WeChatSigner

from webhooks.wechat.crypto import CallbackError, WeChatCrypto

TOKEN = "citizenBotToken01"
APP_ID = "wx9f8e7d6c5b4a3210"
KEY = "h4Xr0TzQ2vB8nKpL6wYcJ1sMdF5gUaE9iOoRt3VbNxG"

keys = st.text(string.ascii_letters + string.digits, min_size=43, max_size=43)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
prefixes = st.binary(min_size=16, max_size=16)


class FixedPrefix(PrpCrypto):  # type: ignore[misc]
    def __init__(self, key: bytes, prefix: bytes) -> None:
        super().__init__(key)
        self.prefix = prefix

    def get_random_string(self) -> bytes:
        return self.prefix


@given(key=keys, text=texts, prefix=prefixes)
def test_ciphertext_is_the_oracles_byte_for_byte(key: str, text: str, prefix: bytes) -> None:
    oracle = FixedPrefix(OracleCrypto(TOKEN, key, APP_ID).key, prefix)
    assert WeChatCrypto(TOKEN, key, APP_ID).encrypt(text, prefix) == oracle.encrypt(text, APP_ID).decode()


@given(key=keys, text=texts)
def test_the_oracle_reads_what_we_encrypt(key: str, text: str) -> None:
    encrypted = WeChatCrypto(TOKEN, key, APP_ID).encrypt(text)
    assert PrpCrypto(OracleCrypto(TOKEN, key, APP_ID).key).decrypt(encrypted, APP_ID) == text


@given(key=keys, text=texts, prefix=prefixes)
def test_we_read_what_the_oracle_encrypts(key: str, text: str, prefix: bytes) -> None:
    encrypted = FixedPrefix(OracleCrypto(TOKEN, key, APP_ID).key, prefix).encrypt(text, APP_ID).decode()
    assert WeChatCrypto(TOKEN, key, APP_ID).decrypt(encrypted) == text


@given(values=st.lists(texts, min_size=2, max_size=3))
def test_signatures_are_the_oracles(values: list[str]) -> None:
    signer = WeChatSigner()
    signer.add_data(TOKEN, *values)
    assert WeChatCrypto(TOKEN, KEY, APP_ID).signature(*values) == signer.signature


@given(encrypted=st.one_of(st.text(max_size=100), st.binary(max_size=200).map(lambda b: b.hex())))
def test_whatever_is_to_be_decrypted_gives_a_message_or_a_callback_error(encrypted: str) -> None:
    with pytest.raises(CallbackError):
        WeChatCrypto(TOKEN, KEY, APP_ID).decrypt(encrypted)


@given(signature=st.text(max_size=60))
def test_no_other_signature_is_taken(signature: str) -> None:
    with pytest.raises(CallbackError, match="bad_signature"):
        WeChatCrypto(TOKEN, KEY, APP_ID).check(signature, "1760000000", "nonce")


def test_a_random_prefix_hides_that_two_messages_are_equal() -> None:
    crypto = WeChatCrypto(TOKEN, KEY, APP_ID)
    assert crypto.encrypt("好") != crypto.encrypt("好")


@pytest.mark.parametrize("key", ["", "a" * 42 + "=", "a" * 47])
def test_a_key_that_is_not_32_bytes_is_refused_at_once(key: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        WeChatCrypto(TOKEN, key, APP_ID)
