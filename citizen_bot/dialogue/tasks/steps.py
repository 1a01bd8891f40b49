"""What a task does next: asks something, or ends. The questions that booking and visits share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from citizen_bot.dialogue.model import Choices, Part, Step, Task, Text
from citizen_bot.dialogue.tasks.windows import Windows
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.wordings import Wordings


@dataclass(frozen=True, slots=True)
class Next:
    """The open question of `task`, with what is said before it; or its end, where `task` is None. `done`: what was
    wanted has been done."""

    task: Task | None
    parts: tuple[Part, ...]
    done: bool = False


def ended(*parts: Part | str, done: bool = False) -> Next:
    return Next(None, tuple(Text(part) if isinstance(part, str) else part for part in parts), done)


def asked(task: Task, step: Step, question: Part | str, offered: Sequence[str] = ()) -> Next:
    """The question of `step`; `offered` is what its numbers stand for."""
    part = Text(question) if isinstance(question, str) else question
    return Next(replace(task, asking=step, offered=tuple(offered)), (part,))


def led(following: Next, lead: Sequence[str]) -> Next:
    """`following` with sentences before its first part."""
    if not lead:
        return following
    said = "\n".join(lead)
    first, *rest = following.parts or (Text(""),)
    match first:
        case Text():
            return replace(following, parts=(Text(f"{said}\n{first.text}".strip()), *rest))
        case Choices():
            return replace(following, parts=(replace(first, prompt=f"{said}\n{first.prompt}"), *rest))
        case _:
            return replace(following, parts=(Text(said), first, *rest))


class Questions:
    def __init__(self, windows: Windows, whereabouts: Whereabouts, wordings: Wordings) -> None:
        self._windows = windows
        self._where = whereabouts
        self._say = wordings

    def item(self, task: Task) -> Next:
        """Which item, among those that may be meant."""
        guides = [guide for item in task.offered if (guide := self._windows.guide(item))]
        if len(guides) > 1:
            choices = Choices(self._say("ask_which_item"), tuple(guide.label for guide in guides))
            return asked(task, "item", choices, [guide.id for guide in guides])
        return asked(task, "item", self._say("ask_item_visit" if task.kind == "visit" else "ask_item_book"))

    def which_place(self, task: Task) -> Next:
        """Which of several places of one name."""
        found = [place for code in task.offered if (place := self._windows.place(code))]
        return asked(task, "place", self._where.which(found), [place.code for place in found])

    def person(self, task: Task) -> Next | None:
        """For the name and the telephone number, with why they are asked; None where both are known."""
        if task.name is None:
            return asked(task, "name", self._name(task))
        if task.phone is None:
            return asked(task, "phone", self._say("ask_phone"))
        return None

    def _name(self, task: Task) -> str:
        visit = task.kind == "visit"
        if task.whom is not None:
            wording = "ask_name_visit_of" if visit else "ask_name_of"
            return self._say("ask_name_of_only" if task.phone else wording, whom=task.whom)
        if task.phone is not None:
            return self._say("ask_name_visit_only" if visit else "ask_name_only")
        return self._say("ask_name_visit" if visit else "ask_name")
