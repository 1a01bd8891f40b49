"""Which papers one person needs: a guide's list cut by what is known of the person. Pure.

A paper is left out only where an answer rules it out. Whatever is not known stays on the list with its condition, so a
list is never shorter than what the person may be asked for.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from citizen_bot.catalog.model import Condition, Guide, Material, Refusal, Situation

# More questions than these tire a resident before the list comes.
MOST_QUESTIONS = 5

# Situation → the key of the answer. What is not known is not in it.
Answers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MaterialList:
    """`needed` is to be brought for certain, `open` by who fits the material's `when`. Both in the guide's order."""

    needed: tuple[Material, ...]
    open: tuple[Material, ...]


def cut(guide: Guide, answers: Answers) -> MaterialList:
    """The materials of `guide` for somebody of whom `answers` are known; without answers the whole list."""
    decided = [(material, holds(material.needed_if, answers)) for material in guide.materials]
    return MaterialList(
        needed=tuple(material for material, needed in decided if needed),
        open=tuple(material for material, needed in decided if needed is None),
    )


def refusal(guide: Guide, answers: Answers) -> Refusal | None:
    """The first reason for which the person is certainly turned down."""
    return next((r for r in guide.refusals if r.refused_if and holds(r.refused_if, answers)), None)


def questions(guide: Guide, answers: Answers, skipped: Collection[str] = ()) -> tuple[Situation, ...]:
    """The situations that still matter, in the guide's order: a material or a refusal hangs on them whatever the
    other answers are. `skipped` are not asked again, nor is what matters only together with one of them: it could
    settle nothing."""
    hanging = {
        condition.situation
        for conditions in _conditions(guide)
        if holds(conditions, answers) is None and not any(condition.situation in skipped for condition in conditions)
        for condition in conditions
    }
    return tuple(s for s in guide.situations if s.id in hanging and s.id not in answers)


def most_questions(guide: Guide) -> int:
    """How many questions the most unlucky resident is asked who knows all the answers, counted up to one more than
    MOST_QUESTIONS."""
    return _most_questions(guide, {}, MOST_QUESTIONS + 1)


def known_answers(situations: Sequence[Situation], answers: Answers) -> dict[str, str]:
    """Those of `answers` that are answers to `situations`: one key of each situation's choices."""
    return {s.id: answers[s.id] for s in situations if answers.get(s.id) in s.choices}


def holds(conditions: Sequence[Condition], answers: Answers) -> bool | None:
    """Whether all `conditions` are met; None as long as that hangs on answers that are not known."""
    verdicts = [
        answers[condition.situation] in condition.answers if condition.situation in answers else None
        for condition in conditions
    ]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _conditions(guide: Guide) -> Iterator[Sequence[Condition]]:
    for material in guide.materials:
        yield material.needed_if
    for reason in guide.refusals:
        if reason.refused_if:
            yield reason.refused_if


def _most_questions(guide: Guide, answers: Answers, limit: int) -> int:
    asked = questions(guide, answers)
    if limit == 0 or not asked or refusal(guide, answers):
        return 0
    first = asked[0]
    return 1 + max(_most_questions(guide, {**answers, first.id: answer}, limit - 1) for answer in first.choices)
