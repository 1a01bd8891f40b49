"""How an agent's tasks are told in the chat. In the list only whose it is by first letter and village; name, telephone
number and address only with the task that is opened."""

from collections.abc import Sequence
from datetime import datetime

from citizen_bot.catalog import places
from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue.agents.desk import Action
from citizen_bot.platform.clock import spell_moment
from citizen_bot.platform.privacy import mask_name
from citizen_bot.visits.messages import spell_taken, spell_wish
from citizen_bot.visits.service import Receipt, Taken, Visit
from citizen_bot.wordings import Wordings

# WeChat takes 2,048 bytes; the rest is for what is said before and after.
ROOM = 1900
# What a resident wrote may be as long as a message; so many characters of it fit.
LONGEST_ADDRESS, LONGEST_WORDS = 120, 60


class AgentTold:
    def __init__(self, catalogue: Catalogue, wordings: Wordings) -> None:
        self._catalogue = catalogue
        self._say = wordings

    def item(self, visit: Visit) -> str:
        guide = self._catalogue.guides.get(visit.item or "")
        return _cut(guide.name if guide else visit.item or self._say("visit_any_item"), LONGEST_WORDS)

    def site(self, visit: Visit) -> str:
        town = self._catalogue.sites.get(visit.town_code)
        return town.official_name if town else visit.town_code

    def place(self, code: str) -> str:
        """The name of a village or community."""
        home = places.home_of(self._catalogue, code)
        return home.name if home else code

    def masked(self, visit: Visit) -> dict[str, str]:
        return {
            "village": self.place(visit.division_code or visit.town_code),
            "name": mask_name(visit.name),
            "item": self.item(visit),
            "code": visit.code,
        }

    def line(self, visit: Visit, now: datetime) -> str:
        first = "" if visit.priority is None else self._say("agent_line_first")
        return self._say(
            "agent_line", first=first, state=self.state(visit), due=self._due(visit, now), **self.masked(visit)
        )

    def state(self, visit: Visit) -> str:
        return self._say(f"visit_state_{visit.state}")

    def task(self, visit: Visit, receipts: Sequence[Receipt], now: datetime) -> str:
        """All that whoever goes there has to know."""
        say = self._say
        help_kind = say(f"visit_help_{visit.help}")
        lines = [say("agent_task_head", item=self.item(visit), help=help_kind, code=visit.code)]
        lines.append(self._person(visit))
        lines.append(say("agent_task_phone", phone=visit.phone))
        lines.append(say("agent_task_address", address=_cut(visit.address, LONGEST_ADDRESS)))
        if visit.priority is not None:
            lines.append(say("agent_task_first", reason=say(f"agent_first_{visit.priority}")))
        lines.append(say("agent_task_wish", wish=_cut(spell_wish(say, visit.wish), LONGEST_WORDS)))
        lines.append(say("agent_task_mandate", mandate=_cut(visit.mandate, LONGEST_WORDS)))
        if visit.state in ("accepted", "on_the_way", "taken_over"):
            lines.append(say("agent_task_door", code=visit.visitor_code))
        lines.append(say("agent_task_state", state=self.state(visit), due=self._due(visit, now)))
        if receipts:
            lines.append(say("agent_task_taken"))
            answered = [
                say(
                    "agent_receipt_line",
                    taken=spell_taken(say, receipt.taken),
                    answer=say(f"agent_receipt_{receipt.answer or 'unanswered'}"),
                )
                for receipt in receipts
            ]
            lines.append(self.counted(answered, ROOM - 350 - len("\n".join(lines).encode())))
        return "\n".join(lines)

    def taken(self, taken: Sequence[Taken], room: int = ROOM - 250) -> str:
        return self.counted([spell_taken(self._say, one) for one in taken], room)

    def counted(self, lines: Sequence[str], room: int) -> str:
        """Numbered lines of at most `room` bytes, with how many are left out."""
        told: list[str] = []
        used = 60
        for number, line in enumerate(lines, 1):
            one = f"{number}. {line}"
            used += len(one.encode()) + 1
            if used > room:
                return "\n".join([*told, self._say("agent_task_taken_more", count=len(lines) - len(told))])
            told.append(one)
        return "\n".join(told)

    def options(self, actions: Sequence[Action]) -> tuple[str, ...]:
        return tuple(self._say(f"agent_action_{action}") for action in actions)

    def _person(self, visit: Visit) -> str:
        name = _cut(visit.name, LONGEST_WORDS)
        if visit.relation is None:
            return self._say("agent_task_person", name=name)
        return self._say("agent_task_person_by", name=name, relation=_cut(visit.relation, LONGEST_WORDS))

    def _due(self, visit: Visit, now: datetime) -> str:
        """By when what has to be done."""
        match visit.state:
            case "asked":
                key, at = "agent_due_answer", visit.answer_by
            case "accepted" | "on_the_way":
                key, at = "agent_due_visit", visit.coming_at
            case "taken_over":
                key, at = "agent_due_hand_in", visit.hand_in_by
            case _:
                return ""
        if at is None:
            return ""
        return self._say("agent_due_late" if at <= now else key, due=spell_moment(at))


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
