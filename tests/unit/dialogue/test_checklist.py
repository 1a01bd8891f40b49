"""The personal list in the talk, over the shipped guides."""

from dataclasses import replace

import pytest
from talking import MONDAY_TEN, Chat, title

from citizen_bot.catalog.lists import cut, questions, refusal
from citizen_bot.dialogue.model import CONSENT, Conversation, NoticeCard
from citizen_bot.dialogue.talk import Talk
from citizen_bot.notices.notice import Notice


@pytest.fixture
def chat(talk: Talk) -> Chat:
    return Chat(talk)


def _notice(chat: Chat) -> Notice:
    assert chat.turn
    return next(part.notice for part in chat.turn.reply.parts if isinstance(part, NoticeCard))


def _asks(answer: str) -> str:
    """The question that `answer` ends with."""
    return next(line for line in reversed(answer.split("\n")) if not line[:1].isdigit())


def test_only_questions_that_matter_are_asked_and_the_list_is_cut_to_the_person(chat: Chat, talk: Talk) -> None:
    guide = talk.catalogue.guides["id-card-renew"]
    chat("身份证到期了怎么换")
    assert "最多问3句" in chat("清单")
    chat("满了")
    answer = chat("不是")
    assert answer.startswith(f"【您的清单】{guide.name}")
    assert "按您说的" in answer
    needed = cut(guide, _notice(chat).answers)
    assert needed.open == ()
    for material in guide.materials:
        assert (material.name in answer.split("去哪办")[0]) == (material in needed.needed)


@pytest.mark.parametrize(
    "said",
    ["帮我看看换身份证我要带什么", "帮我列一下换身份证要准备的东西", "俺换身份证 给列个清单", "換身份證，列個清單"],
)
def test_the_list_can_be_asked_for_with_the_item(chat: Chat, said: str) -> None:
    assert "给您列“换身份证" in chat(said)


@pytest.mark.parametrize("said", ["清单", "帮我看看我要带什么", "帮俺看看要带啥", "给我列个清单", "个性清单"])
def test_a_bare_wish_means_the_item_of_the_talk_or_asks_which(chat: Chat, said: str) -> None:
    assert "给哪件事列清单" in chat(said)
    assert "给您列“换身份证" in chat("换身份证")
    chat("取消")
    chat("身份证到期了怎么换")
    assert "给您列“换身份证" in chat(said)


def test_a_wish_while_items_are_offered_holds_for_the_chosen_one(chat: Chat) -> None:
    chat("身份证")
    assert chat("帮我看看我要带什么").startswith("您要办的是哪一件")
    assert "的清单" in chat("1")


def test_what_was_said_before_is_not_asked(chat: Chat) -> None:
    chat("替俺娘办高龄补贴要带啥")
    assert "最多问1句" in chat("清单")
    answer = chat("不是")
    assert "替办人的居民身份证" in answer.split("去哪办")[0]
    assert "是别人替老人来办吗？是" in answer


def test_what_was_said_of_one_item_is_not_taken_for_another(chat: Chat) -> None:
    chat("替俺娘办高龄补贴要带啥")
    chat("身份证丢了怎么补")
    assert "id-card-reissue" not in chat.conversation.heard


def test_who_asks_whether_somebody_else_may_come_has_not_said_so(chat: Chat) -> None:
    chat("能替俺娘办高龄补贴吗")
    assert chat.conversation.heard == {}


def test_not_knowing_keeps_the_paper_on_the_list_with_its_condition(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    chat("清单")
    chat("不清楚")
    answer = chat("不是")
    assert "看情况带" in answer
    assert "低保" in answer.split("看情况带")[1].split("去哪办")[0]


def test_after_two_answers_that_are_not_understood_the_next_is_asked(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    first = _asks(chat("清单"))
    again = chat("蓝色")
    assert again.startswith("没听明白，对不住。回复前面的数字就行：\n")
    assert first in again
    skipped = chat("蓝色")
    assert skipped.startswith("这个先不定，材料给您留在单子上。")
    assert _asks(skipped) != first


def test_a_number_out_of_range_is_no_answer(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    chat("清单")
    assert chat("12").startswith("没听明白")


def test_a_question_about_the_item_is_answered_and_the_open_one_repeated(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    asked = _asks(chat("清单"))
    answer = chat("多少钱")
    assert "要花多少钱" in answer
    assert _asks(answer) == asked
    chat("不是")
    assert "按您说的" in chat("不是")


def test_another_item_ends_the_list(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    chat("清单")
    assert title(chat("结婚登记要带什么")) == "结婚登记"
    assert chat.conversation.checklist is None


def test_cancelling_ends_the_list(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    chat("清单")
    assert "不问了" in chat("取消")
    assert chat.conversation.checklist is None


def test_silence_ends_the_list(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    chat("清单")
    chat.wait(minutes=31)
    assert "按您说的" not in chat("1")


def test_who_is_certainly_not_eligible_is_told_why_and_what_else(chat: Chat) -> None:
    chat("结婚登记要带什么")
    chat("清单")
    answer = chat("还没满")
    assert answer.startswith("【暂时办不了】结婚登记")
    assert "您可以这样办" in answer
    assert "要带" not in answer


def test_health_is_asked_about_only_with_consent(chat: Chat, talk: Talk) -> None:
    guide = talk.catalogue.guides["minimum-living-allowance"]
    sensitive = {s.id: s.question for s in guide.situations if s.sensitive}
    assert sensitive
    chat("低保要带什么")
    assert "您愿意说吗" in chat("清单")
    asked = [_asks(chat("不愿意"))]
    while chat.conversation.checklist:
        asked.append(_asks(chat("没有")))
    assert not set(sensitive.values()) & set(asked)
    assert "残疾人证" in chat.answers[-1].split("看情况带")[1]
    assert "您愿意说吗" in chat("清单"), "for the next list it is asked again"


def test_what_tells_of_health_is_not_remembered_beyond_the_list(chat: Chat, talk: Talk) -> None:
    guide = talk.catalogue.guides["minimum-living-allowance"]
    chat("低保要带什么")
    chat("清单")
    chat("愿意")
    while chat.conversation.checklist:
        chat("有")
    kept = chat.conversation.heard[guide.id]
    assert kept
    assert not {s.id for s in guide.situations if s.sensitive} & kept.keys()


def test_with_consent_health_is_asked_about_in_this_list_only(chat: Chat, talk: Talk) -> None:
    guide = talk.catalogue.guides["minimum-living-allowance"]
    chat("低保要带什么")
    chat("清单")
    chat("愿意，接着问")
    assert chat.conversation.checklist
    assert chat.conversation.checklist.asking in {s.id for s in guide.situations if s.sensitive}
    chat("直接列")
    assert "您愿意说吗" in chat("清单")


def test_a_refused_consent_can_be_taken_back(chat: Chat) -> None:
    chat("低保要带什么")
    chat("清单")
    chat("不愿意，跳过这些")
    assert "您愿意说吗" in chat("改")


def test_every_item_leads_to_its_list_in_at_most_five_questions(talk: Talk) -> None:
    for guide in talk.catalogue.guides.values():
        for choice in ("1", "2", "不清楚"):
            known = Conversation(item=guide.id, topics=(guide.id,), last_at=MONDAY_TEN)
            chat = Chat(talk, conversation=known)
            chat("清单")
            count = 0
            while chat.conversation.checklist:
                count += chat.conversation.checklist.asking != CONSENT
                assert count <= 5
                chat("愿意" if chat.conversation.checklist.asking == CONSENT else choice)
            notice = _notice(chat)
            assert notice.subject == guide.id
            skipped = [s.id for s in guide.situations] if choice == "不清楚" else []
            assert refusal(guide, notice.answers) or not questions(guide, notice.answers, skipped)


def test_a_guide_published_anew_meanwhile_is_gone_on_with(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    chat("清单")
    checklist = chat.conversation.checklist
    assert checklist
    chat.conversation = replace(chat.conversation, checklist=replace(checklist, asking="gone"))
    assert "？" in chat("1")


def test_each_answer_is_repeated_so_that_a_wrong_one_is_noticed(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    question = _asks(chat("清单"))
    assert chat("不是").startswith(f"记下了：{question}不是。")


@pytest.mark.parametrize("back", ["说错了", "改", "上一个", "不对"])
def test_the_last_answer_can_be_taken_back(chat: Chat, back: str) -> None:
    chat("高龄津贴怎么办")
    first = _asks(chat("清单"))
    chat("是")
    answer = chat(back)
    assert answer.startswith("好，重新答：")
    assert _asks(answer) == first
    chat("不是")
    assert f"{first}不是" in chat("不是")


def test_the_right_answer_can_be_said_with_the_correction(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    first = _asks(chat("清单"))
    chat("是")
    assert chat("说错了，不是").startswith(f"记下了：{first}不是。")


def test_a_finished_list_can_be_made_again(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    first = _asks(chat("清单"))
    chat("是")
    assert "哪样不对，回复“改”" in chat("是")
    assert _asks(chat("改")) == first
    chat("不是")
    assert "替办人" not in chat("不是")


@pytest.mark.parametrize("said", ["直接列", "太麻烦了", "直接告诉我"])
def test_who_does_not_want_to_answer_gets_the_list_as_far_as_it_is_known(chat: Chat, said: str) -> None:
    chat("低保要带什么")
    chat("清单")
    chat("不愿意")
    chat("有")
    answer = chat(said)
    assert "【您的清单】" in answer
    assert "替办人的居民身份证" in answer.split("看情况带")[1]


@pytest.mark.parametrize("said", ["没听清", "看不懂", "没事了", "人工", "菜单"])
def test_a_command_is_no_answer(chat: Chat, said: str) -> None:
    chat("高龄津贴怎么办")
    chat("清单")
    chat(said)
    checklist = chat.conversation.checklist
    assert checklist is None or (checklist.asking, checklist.answers, checklist.tries) == ("low-income", {}, 0)


def test_what_was_answered_is_kept_when_the_talk_goes_elsewhere(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    first = _asks(chat("清单"))
    chat("不是")
    chat("结婚登记要带什么")
    chat("高龄津贴怎么办")
    assert first not in chat("清单")


def test_nobody_is_turned_down_for_what_was_said_by_the_way(chat: Chat) -> None:
    chat("结婚登记，我户口在外地")
    chat("居民养老参保，我是外地户口")
    assert "暂时办不了" not in chat("清单")


def test_an_item_named_in_an_answer_does_not_end_the_list(chat: Chat) -> None:
    chat("重度残疾人护理补贴要带什么")
    chat("清单")
    chat("俺是低保户")
    assert chat.conversation.checklist


def test_the_list_goes_with_the_item_that_is_chosen_later(chat: Chat) -> None:
    chat("清单")
    chat("身份证")
    assert "的清单" in chat("1")


def test_hearing_the_question_again_is_no_wrong_answer(chat: Chat) -> None:
    chat("高龄津贴怎么办")
    question = _asks(chat("清单"))
    for said in ("再说一遍", "没听清", "看不懂", "清单", "帮我看看我要带什么"):
        assert chat(said).startswith(question)


def test_the_words_of_a_choice_are_no_emergency(chat: Chat) -> None:
    chat("法律援助要带什么")
    chat("清单")
    chat("愿意")
    assert "110" not in chat("受家暴、见义勇为等")


def test_nobody_is_turned_down_for_words_that_leave_a_doubt(chat: Chat) -> None:
    chat("承包地合同变更要带什么")
    chat("清单")
    assert "暂时办不了" not in chat("转给亲戚")
