"""Life events (一件事) in the talk."""

import json
from pathlib import Path

import pytest
from talking import Chat, title

from citizen_bot.dialogue.talk import Talk

QUESTIONS = Path(__file__).parents[2] / "data" / "questions.jsonl"


@pytest.fixture
def chat(talk: Talk) -> Chat:
    return Chat(talk)


def test_every_event_is_found_by_its_names_and_examples(talk: Talk) -> None:
    for event in talk.catalogue.events.values():
        for said in (event.name, *event.aliases, *event.examples):
            assert title(Chat(talk)(said)) == event.name, said


def test_an_event_tells_its_items_in_order_and_each_can_be_asked_for(chat: Chat, talk: Talk) -> None:
    event = talk.catalogue.events["after-death"]
    answer = chat(event.name)
    labels = [talk.catalogue.guides[entry.item].label for entry in event.items]
    assert [answer.index(label) for label in labels] == sorted(answer.index(label) for label in labels)
    assert title(chat("2")) == talk.catalogue.guides[event.items[1].item].name


def test_all_events_are_offered_and_chosen_by_number(chat: Chat, talk: Talk) -> None:
    offered = chat("一件事").split("\n")[1:]
    assert len(offered) == len(talk.catalogue.events)
    first = next(iter(talk.catalogue.events.values()))
    assert offered[0] == f"1. {first.label}"
    assert title(chat("1")) == first.name


def test_an_item_of_one_event_hints_at_it(chat: Chat) -> None:
    assert "回复“身后事”按先后说给您" in chat("人没了怎么销户口")
    assert title(chat("身后事")) == "身后事"


def test_questions_about_one_item_are_not_taken_for_an_event(talk: Talk) -> None:
    """Of the labelled questions about single items, none may be answered with a whole event but the few that ask what
    all there is to do."""
    questions = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    names = {event.name for event in talk.catalogue.events.values()}
    taken = [q["q"] for q in questions if title(Chat(talk)(q["q"])) in names]
    assert taken == ["孩子刚生，都要办哪些证", "老人没了，都要去办哪些手续"]


@pytest.mark.parametrize("said", ["俺爹没了", "我爸昨天去世了，好难过", "俺老头子没了三天了", "我妈没有了"])
def test_who_tells_of_a_death_gets_a_kind_word_and_what_is_to_be_done(chat: Chat, said: str) -> None:
    answer = chat(said)
    assert answer.startswith("您节哀")
    assert "身后事" in answer


def test_who_asks_something_beside_a_death_is_asked_back(chat: Chat) -> None:
    kind, choices = chat("俺娘走了，接下来该弄什么").split("\n\n")
    assert kind.startswith("您节哀")
    assert choices.split("\n")[1] == "1. 老人去世后要办的几件事"


@pytest.mark.parametrize("said", ["俺爹身份证没了", "他爸走了好几年了，能领什么补贴", "老人的户口本没了"])
def test_what_is_no_death_is_not_taken_for_one(chat: Chat, said: str) -> None:
    assert "节哀" not in chat(said)


def test_the_numbers_of_an_event_hold_while_the_talk_is_on_its_items(chat: Chat, talk: Talk) -> None:
    event = talk.catalogue.events["newborn"]
    chat(event.name)
    for number in (2, 3):
        assert title(chat(str(number))) == talk.catalogue.guides[event.items[number - 1].item].name
    assert "要多久" in chat("几天能办好")
    assert title(chat("4")) == talk.catalogue.guides[event.items[3].item].name
    chat("结婚登记要带什么")
    assert "没对上" in chat("4")


def test_an_event_on_offer_is_chosen_by_words(chat: Chat) -> None:
    chat("一件事")
    assert title(chat("孩子出生")) == "孩子出生要办的事"


def test_what_sounds_like_an_event_is_offered_first(chat: Chat) -> None:
    assert chat("在村里盖房子要办啥手续").split("\n")[1].startswith("1. 农村盖房")


def test_an_item_of_an_event_may_be_named_by_its_number_in_a_sentence(chat: Chat, talk: Talk) -> None:
    event = talk.catalogue.events["after-death"]
    chat(event.name)
    answer = chat("第2件多长时间能办好")
    assert title(answer) == talk.catalogue.guides[event.items[1].item].name
    assert "要多久" in answer


def test_the_numbers_of_an_event_outlive_a_personal_list(chat: Chat, talk: Talk) -> None:
    event = talk.catalogue.events["newborn"]
    chat(event.name)
    chat("2")
    chat("清单")
    while chat.conversation.checklist:
        chat("不清楚")
    assert title(chat("3")) == talk.catalogue.guides[event.items[2].item].name


def test_a_list_wished_for_after_an_event_asks_for_which_item(chat: Chat) -> None:
    chat("身后事")
    assert chat("清单").startswith("您要办的是哪一件")
    assert "的清单" in chat("3")
