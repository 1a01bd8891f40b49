from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.wechat.crypto import WeChatCrypto
from webhooks.wechat.messages import Message
from webhooks.wechat.replies import encrypted_reply, presentable, split_text, text_reply

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MESSAGE = Message("gh_0f1e2d3c4b5a", "oABCD1234567890abcdefghijklm", "1760000000", "text", "1", None, "", {})
CRYPTO = WeChatCrypto("citizenBotToken01", "h4Xr0TzQ2vB8nKpL6wYcJ1sMdF5gUaE9iOoRt3VbNxG", "wx9f8e7d6c5b4a3210")
LINK = '<a href="https://example.org/n/1?a=1&b=2">看完整的一次性告知</a>'

hostile = st.text(st.one_of(st.characters(), st.sampled_from(["]", ">", "<", "&", "\r", "\n", "\0"])), max_size=200)


def content_of(xml: str) -> str:
    fields = {element.tag: element.text or "" for element in ElementTree.fromstring(xml)}
    assert set(fields) == {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"}
    return fields["Content"]


@given(text=hostile)
def test_any_text_comes_back_from_the_reply_as_it_is_presentable(text: str) -> None:
    assert content_of(text_reply(MESSAGE, text, AT)) == presentable(text)


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")))
def test_what_xml_can_hold_is_presentable_as_it_is(text: str) -> None:
    assert presentable(text) == text


def test_line_ends_become_wechats_and_control_characters_go() -> None:
    assert presentable("一\r\n二\r三\n四\t五\0\x08\ud800\uffff") == "一\n二\n三\n四\t五"


@given(name=hostile.map(presentable).filter(lambda name: name != ""))
def test_a_hostile_sender_stays_a_name(name: str) -> None:
    message = Message("gh", name, "1760000000", "text", "1", None, "", {})
    root = ElementTree.fromstring(text_reply(message, "好", AT))
    assert (root.findtext("ToUserName"), root.findtext("Content")) == (name, "好")


@given(text=st.text(st.sampled_from("a政😀\n"), max_size=1500))
def test_no_reply_is_over_2048_bytes(text: str) -> None:
    content = content_of(text_reply(MESSAGE, text, AT))
    assert len(content.encode()) <= 2048
    assert text.startswith(content)
    assert content == text or len(content.encode()) > 2048 - 4


@given(text=st.lists(st.sampled_from(["a", "政", "😀", "<", "<a ", "</a>", LINK])).map("".join))
def test_parts_join_to_the_text_and_fit(text: str) -> None:
    parts = split_text(text, 20)
    assert "".join(parts) == text
    assert all(len(part.encode()) <= 20 for part in parts)


@pytest.mark.parametrize("before", range(90, 130))
def test_a_link_is_never_cut(before: int) -> None:
    text = "a" * before + LINK + "以后"
    first, second, *_ = *split_text(text, 130), ""
    assert first in ("a" * before, "a" * before + LINK, text) or first.startswith("a" * before + LINK)
    assert (LINK in first) != (LINK in second)


def test_a_link_longer_than_a_part_is_cut_after_all() -> None:
    assert "".join(split_text(LINK, 10)) == LINK


def test_an_unfinished_link_does_not_swallow_the_reply() -> None:
    assert len(split_text("您说的<a 是" + "好" * 30, 60)[0].encode()) > 56


def test_a_repeat_gets_the_very_same_bytes() -> None:
    xml = text_reply(MESSAGE, "带身份证", AT)
    assert encrypted_reply(CRYPTO, xml, AT) == encrypted_reply(CRYPTO, xml, AT)


def test_two_replies_share_neither_prefix_nor_nonce() -> None:
    envelopes = [
        {element.tag: element.text or "" for element in ElementTree.fromstring(encrypted_reply(CRYPTO, xml, AT))}
        for xml in (text_reply(MESSAGE, "带身份证", AT), text_reply(MESSAGE, "带户口簿", AT))
    ]
    assert envelopes[0]["Nonce"] != envelopes[1]["Nonce"]
    assert envelopes[0]["Encrypt"][:20] != envelopes[1]["Encrypt"][:20]


def test_an_encrypted_reply_is_signed_and_dated_with_the_reply() -> None:
    fields = {e.tag: e.text or "" for e in ElementTree.fromstring(encrypted_reply(CRYPTO, "<xml/>", AT))}
    assert fields["TimeStamp"] == str(int(AT.timestamp()))
    CRYPTO.check(fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
    assert CRYPTO.decrypt(fields["Encrypt"]) == "<xml/>"
