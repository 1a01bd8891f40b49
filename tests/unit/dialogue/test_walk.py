"""Random walks through the talk: whatever is said in whatever order, some things always hold."""

import random

import pytest
from talking import Chat

from citizen_bot.dialogue.model import Choices, NoticeCard, Text
from citizen_bot.dialogue.talk import Talk

SAID = (
    "1", "2", "3", "7", "12", "第2件", "第一个", "是", "不是", "有", "没有", "不清楚", "愿意", "不愿意", "改",
    "说错了，有", "清单", "帮我看看我要带什么", "直接列", "一件事", "身后事", "孩子出生要办的事", "取消", "人工",
    "菜单", "谢谢", "再见", "再说一遍", "看不懂", "都不是", "全部", "0", "去哪办", "要带什么", "多少钱",
    "几天办好", "我妈能替我去吗", "我是姜家村的", "俺家在东里村", "崖子镇", "市里的政务大厅在哪", "周六开门吗",
    "低保要带什么", "低保清单", "身份证", "身份证丢了怎么补", "结婚登记要带什么", "残疾证换证", "老人补贴",
    "我要投诉", "帮我约一下", "办到哪了", "着火了", "活着没意思", "俺爹没了", "红烧肉怎么做", "😀😀", "？？？",
    "", "低保" * 300, "东里村、西里村、姜家村" * 40, "替俺娘办高龄补贴要带啥", "六岁", "2015年生的", "丢了",
    "俺闺女去",
)  # fmt: skip


def _step(chat: Chat, chance: random.Random) -> str:
    kind = chance.choices(["text", "location", "image", "option"], [20, 1, 1, 8])[0]
    if kind == "location":
        return chat(None, kind="location", latitude=36.9, longitude=121.5)
    if kind == "image":
        return chat(None, kind="image")
    options = _options(chat)
    if kind == "option" and options:
        return chat(chance.choice(options).partition(". ")[2])
    return chat(chance.choice(SAID))


def _options(chat: Chat) -> list[str]:
    lines = chat.answers[-1].split("\n") if chat.answers else []
    return [line for line in lines if line[:1].isdigit() and ". " in line]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_said_the_talk_keeps_its_word(talk: Talk, seed: int) -> None:
    chance = random.Random(seed)
    chat = Chat(talk)
    for _ in range(60):
        if chance.random() < 0.03:
            chat.wait(minutes=chance.choice([5, 40, 60 * 30]))
        _step(chat, chance)
        assert chat.turn
        parts = chat.turn.reply.parts
        assert all(isinstance(part, Text | Choices | NoticeCard) for part in parts)
        assert sum(isinstance(part, Choices) for part in parts) <= 1, "two lists of numbers at once"
        assert sum(isinstance(part, NoticeCard) for part in parts) <= 1
        checklist = chat.conversation.checklist
        if checklist is not None:
            assert checklist.item in talk.catalogue.guides
            assert len(checklist.asked) <= 5
        asked = next((part for part in parts if isinstance(part, Choices)), None)
        if asked is not None and chat.conversation.where:
            assert len(asked.options) == len(chat.conversation.where), "the numbers shown are those that count"
        elif asked is not None and checklist is not None:
            assert asked.options[-1] in ("不清楚", "不愿意，跳过这些")


def test_a_list_always_ends(talk: Talk) -> None:
    """Also for who says nothing that is understood."""
    for item in list(talk.catalogue.guides)[::7]:
        chat = Chat(talk)
        chat(f"{talk.catalogue.guides[item].name}清单")
        for _ in range(16):
            if chat.conversation.checklist is None:
                break
            chat("嘟嘟嘟")
        assert chat.conversation.checklist is None, item
