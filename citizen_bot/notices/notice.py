"""What a one-time notice (一次性告知) says, apart from how it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

from citizen_bot.catalog.lists import Answers, known_answers, refusal
from citizen_bot.catalog.model import Guide

# The four occasions on which somebody is told everything at once.
Kind = Literal["consultation", "application", "not_eligible", "supplement"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Notice:
    """`subject` is the id of a service item or of a life event.

    `answers` (situation → key of the answer) cut the list to the person; what is not in it was not known.
    A notice that somebody is not eligible has `reason` and `remedy`; a supplement has what is `missing` (names of the
    item's materials, or plain words) and the day by which it is to be handed in, `due`.
    """

    kind: Kind
    subject: str
    answers: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    remedy: str | None = None
    missing: tuple[str, ...] = ()
    due: date | None = None


def for_person(guide: Guide, answers: Answers) -> Notice:
    """What somebody of whom `answers` are known is told of the item of `guide`: the list, or that the person is not
    eligible. Answers to questions that the guide does not have are left out."""
    known = known_answers(guide.situations, answers)
    reason = refusal(guide, known)
    if reason is None:
        return Notice("consultation", guide.id, known)
    return Notice("not_eligible", guide.id, known, reason.reason, reason.remedy)
