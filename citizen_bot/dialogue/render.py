"""Replies as text: what WeChat's chat, the terminal and the log show."""

from collections.abc import Callable

from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue.model import Choices, NoticeCard, Part, Reply, Text
from citizen_bot.notices.text import notice_text
from citizen_bot.wordings import Wordings


class Renderer:
    """`notice_link` gives the line that leads from an item's short notice to its whole page."""

    def __init__(self, catalogue: Catalogue, wordings: Wordings, notice_link: Callable[[str], str]) -> None:
        self._catalogue = catalogue
        self._say = wordings
        self._notice_link = notice_link

    def text(self, reply: Reply, limit: int) -> str | None:
        """All parts in one text of at most `limit` bytes of UTF-8; None for a reply without parts.

        A notice takes the room that the other parts leave.
        """
        if not reply.parts:
            return None
        others = [self._part(part, limit) for part in reply.parts if not isinstance(part, NoticeCard)]
        room = limit - sum(len(text.encode()) + 2 for text in others)
        return "\n\n".join(self._part(part, room) for part in reply.parts)

    def _part(self, part: Part, limit: int) -> str:
        match part:
            case Text():
                return part.text
            case Choices():
                return "\n".join([part.prompt, *(f"{n}. {option}" for n, option in enumerate(part.options, 1))])
            case NoticeCard():
                guide = self._catalogue.guides[part.item]
                return notice_text(
                    guide,
                    part.facet,
                    self._say,
                    short=part.short,
                    limit=limit,
                    link=lambda: self._notice_link(part.item),
                )
