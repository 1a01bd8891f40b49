"""Talking in the simulator as a person does, against the whole running service."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from citizen_bot.sandbox.residents import RESIDENTS
from citizen_bot.settings import DEVELOPMENT_APP_ID, DEVELOPMENT_APP_SECRET

QUESTION = "俺娘八十了 听说能领钱 要带啥"


@pytest.fixture
def open_chat(page: Page, service: Any) -> Callable[[str], Page]:
    """Opens the simulator as one of the residents, whose chat is there."""

    def open_as(resident: str) -> Page:
        page.goto(f"{service.url}/simulator")
        page.get_by_label("谁在说话").select_option(resident)
        expect(page.locator(f'.phone[data-shown="{resident}"]')).to_be_visible()
        return page

    return open_as


def say(page: Page, text: str) -> Locator:
    """Types and sends; returns the newest line of the account's."""
    with sent(page):
        page.get_by_label("要说的话").fill(text)
        page.get_by_role("button", name="发送", exact=True).click()
    return page.locator("#chat li.account").last


def press(page: Page, name: str) -> Locator:
    """Presses a button behind the plus; returns the newest line."""
    if not page.locator("#extras").is_visible():
        page.locator("#more").click()
    with sent(page):
        page.get_by_role("button", name=name, exact=True).click()
    return page.locator("#chat li").last


class sent:
    """Waits until the page has shown what came of a message."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def __enter__(self) -> None:
        self.before = self.page.locator("#chat li").last.get_attribute("data-id") if self.count() else ""

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            expect(self.page.locator("#chat li.waiting")).to_have_count(0)
            expect(self.page.locator(f'#chat li:last-child:not([data-id="{self.before}"])')).to_be_visible()
            expect(self.page.locator(".phone")).to_have_attribute("aria-busy", "false")

    def count(self) -> int:
        return self.page.locator("#chat li").count()


def test_a_question_gets_the_whole_notice(open_chat: Callable[[str], Page]) -> None:
    page = open_chat("li")
    reply = say(page, QUESTION)
    expect(reply).to_contain_text("高龄津贴")
    expect(reply).to_contain_text("身份证")
    expect(page.locator("#chat li.resident").last).to_contain_text("投递 1 次")


def test_the_message_sent_again_gets_the_identical_reply(open_chat: Callable[[str], Page]) -> None:
    page = open_chat("li")
    first = say(page, QUESTION).inner_text()
    count = page.locator("#chat li.account").count()
    note = press(page, "再发一次")
    expect(note).to_contain_text("得到一模一样的回复")
    message_id = re.search(r"MsgId (\d+)", page.locator("#chat li.resident").last.inner_text())
    assert message_id is not None
    expect(note).to_contain_text(message_id[1])
    expect(page.locator("#chat li.account")).to_have_count(count)
    assert page.locator("#chat li.account").last.inner_text() == first


@pytest.mark.parametrize("mode", ["明文", "兼容", "安全"])
def test_every_mode_gives_the_same_answer(open_chat: Callable[[str], Page], mode: str) -> None:
    page = open_chat("song")
    page.get_by_label("加密方式").select_option(mode)
    reply = say(page, "高龄津贴需要什么材料")
    expect(reply).to_contain_text("身份证")
    expect(page.locator("#chat li.resident").last).to_contain_text(mode)


def test_a_location_gets_the_nearest_sites(open_chat: Callable[[str], Page]) -> None:
    page = open_chat("song")
    page.locator("#more").click()
    page.locator("#location select").select_option("白沙滩镇")
    expect(page.locator("#location [name=latitude]")).to_have_value("36.833")
    with sent(page):
        page.get_by_role("button", name="发位置").click()
    expect(page.locator("#chat li.account").last).to_contain_text("白沙滩镇")


def test_a_voice_message_is_answered_by_what_was_understood(open_chat: Callable[[str], Page]) -> None:
    page = open_chat("song")
    page.locator("#more").click()
    page.locator("#voice [name=text]").fill("高龄津贴需要什么材料")
    with sent(page):
        page.get_by_role("button", name="发语音").click()
    expect(page.locator("#chat li.account").last).to_contain_text("身份证")


def test_the_menu_is_answered(open_chat: Callable[[str], Page]) -> None:
    page = open_chat("song")
    with sent(page):
        page.locator("#menu").get_by_role("button", name="人工").click()
    expect(page.locator("#chat li").last).to_have_class(re.compile("account"))


def test_a_picture_gets_a_word(open_chat: Callable[[str], Page]) -> None:
    page = open_chat("song")
    expect(press(page, "图片")).to_have_class(re.compile("account"))


def test_unfollowing_ends_the_talk_and_following_welcomes(open_chat: Callable[[str], Page]) -> None:
    page = open_chat("new")
    press(page, "取消关注")
    expect(page.get_by_text("已取消关注，不能发消息")).to_be_visible()
    expect(page.get_by_label("要说的话")).to_be_hidden()
    with sent(page):
        page.locator("#unfollowed").get_by_role("button", name="关注").click()
    expect(page.locator("#chat li").last).to_have_class(re.compile("account"))
    expect(page.get_by_label("要说的话")).to_be_visible()


def test_a_message_menu_of_the_service_appears_by_itself_and_can_be_tapped(
    open_chat: Callable[[str], Page], service: Any
) -> None:
    page = open_chat("song")
    say(page, "菜单")
    api = f"{service.url}/fake/cgi-bin"
    credentials = {"grant_type": "client_credential", "appid": DEVELOPMENT_APP_ID, "secret": DEVELOPMENT_APP_SECRET}
    token = requests.post(f"{api}/stable_token", json=credentials, timeout=10).json()["access_token"]
    menu = {"head_content": "您问的是：", "list": [{"id": "a1", "content": "高龄津贴需要什么材料"}]}
    openid = next(resident.openid for resident in RESIDENTS if resident.id == "song")
    message = {"touser": openid, "msgtype": "msgmenu", "msgmenu": menu}
    url = f"{api}/message/custom/send"
    assert requests.post(url, params={"access_token": token}, json=message, timeout=10).json()["errcode"] == 0
    entry = page.locator("#chat li.account").last.get_by_role("button", name="高龄津贴需要什么材料")
    expect(entry).to_be_visible(timeout=15_000)
    with sent(page):
        entry.click()
    expect(page.locator("#chat li.account").last).to_contain_text("身份证")


def test_the_chat_stays_when_the_page_is_loaded_again(open_chat: Callable[[str], Page]) -> None:
    page = open_chat("yu")
    say(page, "菜单")
    before = page.locator("#chat li").all_inner_texts()
    page.reload()
    expect(page.locator('.phone[data-shown="yu"]')).to_be_visible()
    assert page.locator("#chat li").all_inner_texts() == before


def test_markup_in_a_message_is_shown_as_text(open_chat: Callable[[str], Page]) -> None:
    page = open_chat("yu")
    hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    say(page, hostile)
    expect(page.locator("#chat li.resident").last).to_contain_text(hostile)
    assert page.locator("#chat img, #chat script").count() == 0
    assert page.title() == "微信模拟器"


@pytest.mark.parametrize("path", ["/simulator", "/simulator/outbox"])
@pytest.mark.parametrize("width", [320, 375])
def test_nothing_is_wider_than_a_phone(page: Page, service: Any, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(f"{service.url}{path}")
    if path == "/simulator":
        page.locator("#more").click()
        expect(page.locator("#extras")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_outbox_shows_a_message_to_the_staff(page: Page, service: Any) -> None:
    message = {"msgtype": "text", "text": {"content": "浏览器测试：有居民要人工"}}
    sent_by_service = requests.post(
        f"{service.url}/fake/wecom/cgi-bin/webhook/send", params={"key": "development-robot"}, json=message, timeout=10
    )
    assert sent_by_service.json()["errcode"] == 0
    page.goto(f"{service.url}/fake")
    expect(page.locator("#robots li").first).to_contain_text("浏览器测试：有居民要人工")
    page.get_by_role("button", name="微信忙（两次）").click()
    expect(page.locator("#faults")).to_contain_text("还有 2 次")
    page.get_by_role("button", name="全部恢复正常").click()
    expect(page.locator("#faults li")).to_have_count(0)
    page.get_by_role("link", name="回到聊天").click()
    expect(page).to_have_title("微信模拟器")
