import json

import pytest

from citizen_bot.matching import Candidate, Match
from citizen_bot.matching.evaluation import QuestionsError, Share, evaluate, read_questions


def answer(intent: str, item: str | None, facet: str | None, decision: str, *candidates: str) -> Match:
    ranked = tuple(Candidate(c, 0.5) for c in candidates)
    return Match(intent, item, facet, decision, 0.5, ranked)  # type: ignore[arg-type]


LINES = [
    {"q": "1", "intent": "guide", "item": "a", "also": [], "facet": "fee", "style": "plain"},
    {"q": "2", "intent": "guide", "item": "a", "also": ["b"], "facet": "how", "style": "plain"},
    {"q": "3", "intent": "guide", "item": "c", "also": [], "facet": None, "style": "voice"},
    {"q": "4", "intent": "guide", "item": "x", "also": [], "facet": "how", "style": "voice"},
    {"q": "5", "intent": "oos", "item": None, "also": [], "facet": None, "style": "plain"},
    {"q": "6", "intent": "oos", "item": None, "also": [], "facet": None, "style": "voice"},
    {"q": "7", "intent": "book", "item": "c", "also": [], "facet": None, "style": "voice"},
    {"q": "8", "intent": "book", "item": None, "also": [], "facet": None, "style": "plain"},
]
ANSWERS = {
    "1": answer("guide", "a", "fee", "answer", "a", "b"),
    "2": answer("guide", None, "fee", "clarify", "c", "d", "b"),
    "3": answer("guide", "a", "how", "answer", "a", "d", "e", "c"),
    "4": answer("oos", None, "how", "fallback"),
    "5": answer("guide", "a", None, "answer", "a"),
    "6": answer("oos", None, None, "fallback"),
    "7": answer("book", "c", None, "answer", "c"),
    "8": answer("human", None, None, "answer"),
}


@pytest.fixture(scope="module")
def measures() -> dict[str, dict[str, object]]:
    questions = read_questions(json.dumps(line) for line in LINES)
    return evaluate(questions, ANSWERS.__getitem__, {"a", "b", "c"})


# By hand from the eight lines above: (hits, n).
@pytest.mark.parametrize(
    ("measure", "hits", "n"),
    [
        ("accuracy_at_1", 1, 4),
        ("accuracy_at_3", 2, 4),
        ("intent_accuracy", 5, 8),
        ("facet_accuracy", 2, 3),
        ("item_and_facet", 1, 3),
        ("answered", 2, 4),
        ("wrong_confident_rate", 1, 4),
        ("wrong_of_confident", 1, 2),
        ("false_answer_rate", 1, 2),
        ("false_answer_rate_near", 1, 2),
        ("task_item_accuracy", 1, 1),
        ("absent_answered", 0, 1),
    ],
)
def test_counts_as_by_hand(measures: dict[str, dict[str, dict[str, int]]], measure: str, hits: int, n: int) -> None:
    assert (measures["all"][measure]["hits"], measures["all"][measure]["n"]) == (hits, n)


def test_macro_average_is_over_the_intents(measures: dict[str, dict[str, object]]) -> None:
    # guide 3 of 4, oos 1 of 2, book 1 of 2
    assert measures["all"]["intent_macro"] == pytest.approx((0.75 + 0.5 + 0.5) / 3, abs=1e-4)


def test_covered_leaves_out_items_that_the_catalogue_lacks(
    measures: dict[str, dict[str, dict[str, dict[str, int]]]],
) -> None:
    covered = measures["all"]["covered"]
    assert (covered["accuracy_at_1"]["hits"], covered["accuracy_at_1"]["n"]) == (1, 3)
    assert (covered["facet_accuracy"]["hits"], covered["facet_accuracy"]["n"]) == (1, 2)


def test_styles_are_measured_apart(measures: dict[str, dict[str, dict[str, int]]]) -> None:
    assert list(measures) == ["all", "plain", "voice"]
    assert measures["plain"]["accuracy_at_1"]["n"] == 2
    assert measures["voice"]["accuracy_at_1"]["hits"] == 0


def test_near_misses_are_the_first_of_the_file() -> None:
    lines = [{"q": str(n), "intent": "oos", "style": "plain"} for n in range(30)]
    wrong = evaluate(
        read_questions(json.dumps(line) for line in lines),
        lambda q: answer("guide", "a", None, "answer", "a") if int(q) >= 20 else answer("oos", None, None, "fallback"),
        {"a"},
    )["all"]
    assert (wrong["false_answer_rate_near"]["hits"], wrong["false_answer_rate_near"]["n"]) == (2, 22)
    assert wrong["false_answer_rate"]["hits"] == 10


def test_wilson_interval_is_the_textbooks() -> None:
    low, high = Share(8, 10).interval or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    low, high = Share(0, 20).interval or (1, 1)
    assert (low, round(high, 4)) == (0.0, 0.1611)
    assert Share(0, 0).interval is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: is not JSON"),
        ("[]", "line 2: must be an object"),
        ('{"q": 1, "intent": "oos"}', "line 2: q must be text"),
        ('{"q": "a", "intent": "buy"}', "line 2: intent must be one of"),
        ('{"q": "a", "intent": "guide", "facet": "colour"}', "line 2: facet must be null or one of"),
        ('{"q": "a", "intent": "guide", "also": "b"}', "line 2: also must be a list"),
    ],
)
def test_a_wrong_line_is_named(line: str, message: str) -> None:
    with pytest.raises(QuestionsError, match=message):
        read_questions(['{"q": "a", "intent": "oos"}', line])
