"""Replies as text: what WeChat's chat, the terminal and the log show."""

from collections.abc import Callable, Mapping

from citizen_bot.catalog.model import Catalogue, LifeEvent
from citizen_bot.dialogue.model import Choices, NoticeCard, Part, Reply, Text
from citizen_bot.notices.notice import Notice
from citizen_bot.notices.text import event_text, notice_text
from citizen_bot.platform.numbers import spell_number
from citizen_bot.wordings import Wordings

# The line that leads to a notice's page, by its subject and, once it has one, its number.
NoticeLink = Callable[[str, int | None], str]


class Renderer:
    def __init__(self, catalogue: Catalogue, wordings: Wordings, notice_link: NoticeLink) -> None:
        self._catalogue = catalogue
        self._say = wordings
        self._notice_link = notice_link
        self._event_of = _events_of_items(catalogue)

    def text(self, reply: Reply, limit: int, number: int | None = None) -> str | None:
        """All parts in one text of at most `limit` bytes of UTF-8; None for a reply without parts.

        A reply has at most one notice, which takes the room that the other parts leave. `number` is the notice's.
        """
        if not reply.parts:
            return None
        others = [_plain(part) for part in reply.parts if not isinstance(part, NoticeCard)]
        room = limit - sum(len(text.encode()) + 2 for text in others)
        return "\n\n".join(
            self._card(part, room, number) if isinstance(part, NoticeCard) else _plain(part) for part in reply.parts
        )

    def _card(self, card: NoticeCard, limit: int, number: int | None) -> str:
        notice = card.notice
        end = [] if card.short else self._hints(notice)
        if number is not None:
            end.append(self._say("notice_number", number=spell_number(number)))
        end.append(self._notice_link(notice.subject, number))
        event = self._catalogue.events.get(notice.subject)
        if event is not None:
            return event_text(event, self._catalogue.guides, self._say, limit=limit, end=end)
        return notice_text(
            self._catalogue.guides[notice.subject],
            notice,
            self._say,
            facet=card.facet,
            short=card.short,
            place=card.place,
            limit=limit,
            end=end,
        )

    def _hints(self, notice: Notice) -> list[str]:
        """What can be asked next: the personal list, and the life event that the item belongs to."""
        if notice.subject in self._catalogue.events:
            return [self._say("hint_event_items")]
        hints = [self._say("hint_correct")] if notice.answers else []
        if notice.kind == "consultation" and not notice.answers and self._catalogue.guides[notice.subject].situations:
            hints.append(self._say("hint_checklist"))
        if event := self._event_of.get(notice.subject):
            hints.append(self._say("hint_event", event=event.name))
        return hints


def _events_of_items(catalogue: Catalogue) -> Mapping[str, LifeEvent]:
    """The life event of each item that belongs to just one of them, and there to everybody: others would be led
    astray by the hint."""
    found: dict[str, list[LifeEvent]] = {}
    for event in catalogue.events.values():
        for entry in event.items:
            found.setdefault(entry.item, []).append(event)
    return {
        item: events[0]
        for item, events in found.items()
        if len(events) == 1 and all(entry.when is None for entry in events[0].items if entry.item == item)
    }


def _plain(part: Part) -> str:
    match part:
        case Text():
            return part.text
        case Choices():
            return "\n".join([part.prompt, *(f"{n}. {option}" for n, option in enumerate(part.options, 1))])
        case NoticeCard():
            raise TypeError("a notice is not plain")
