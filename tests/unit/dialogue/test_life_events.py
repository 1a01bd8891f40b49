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
    assert "回复“身后事”一次列全" in chat("人没了怎么销户口")
    assert title(chat("身后事")) == "身后事"


def test_questions_about_one_item_are_not_taken_for_an_event(talk: Talk) -> None:
    """Of the labelled questions about single items, none may be answered with a whole event but the few that ask what
    all there is to do."""
    questions = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    names = {event.name for event in talk.catalogue.events.values()}
    taken = [q["q"] for q in questions if title(Chat(talk)(q["q"])) in names]
    assert all("都要" in question for question in taken)
    assert len(taken) <= 3
