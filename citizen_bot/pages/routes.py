"""Residents' pages, opened from WeChat: large type, 375 px first, nothing from another host."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import segno
from flask import Blueprint, Response, make_response, redirect, request
from markupsafe import Markup
from sqlalchemy import Engine

from citizen_bot.catalog.model import Catalogue, Guide, LifeEvent
from citizen_bot.notices import service
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.notices.notice import Notice, for_person
from citizen_bot.notices.text import Shown, lay_out
from citizen_bot.pages.respond import missing, page
from citizen_bot.pages.sheet import Sheet
from citizen_bot.platform.clock import SHANGHAI, Clock, spell_day
from citizen_bot.platform.numbers import spell_number
from citizen_bot.platform.privacy import Privacy
from citizen_bot.wordings import Wordings


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a link leads to: `told` is None where the link leads to what the catalogue says."""

    notice: Notice
    about: Guide | LifeEvent
    catalogue: Catalogue
    told: service.Told | None


class NoticePages:
    """What the pages need of the service.

    `catalogue` gives the published catalogue whose hash starts with the given digits, or None; `current` the one that
    is answered from now.
    """

    def __init__(
        self,
        engine: Engine,
        privacy: Privacy,
        catalogue: Callable[[str], Catalogue | None],
        current: Callable[[], Catalogue],
        links: NoticeLinks,
        wordings: Wordings,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._privacy = privacy
        self._catalogue = catalogue
        self._current = current
        self._links = links
        self._say = wordings
        self._clock = clock

    def shown(self, token: str) -> _Shown | None:
        """None for a link that was not made here, and for what no longer exists."""
        linked = self._links.read(token)
        if linked is None:
            return None
        if linked.number is not None:
            with self._engine.connect() as connection:
                told = service.find(connection, self._privacy, linked.number)
            return None if told is None else self._about(told.notice, told.catalogue_hash, told)
        return self._about(Notice("consultation", linked.subject), linked.hash_prefix, None)

    def _about(self, notice: Notice, version: str, told: service.Told | None) -> _Shown | None:
        catalogue = self._catalogue(version)
        if catalogue is None:
            return None
        about = catalogue.subject(notice.subject)
        return None if about is None else _Shown(notice, about, catalogue, told)

    def laid_out(self, shown: _Shown) -> Shown:
        return lay_out(shown.catalogue, shown.notice, self._say)

    def url(self, shown: _Shown) -> str:
        if shown.told is not None:
            return self._links.of_number(shown.told.number)
        return self._links.of_subject(shown.notice.subject, shown.catalogue.hash)

    def newer(self, shown: _Shown) -> str | None:
        """The way to what is told today, where that differs from what was told then; None otherwise."""
        current = self._current()
        subject = shown.notice.subject
        now = current.subject(subject)
        return self._links.of_subject(subject, current.hash) if now is not None and now != shown.about else None

    def gone(self, shown: _Shown) -> bool:
        """Whether the item or life event is not in today's catalogue any more."""
        return self._current().subject(shown.notice.subject) is None

    def items(self, shown: _Shown) -> list[tuple[str, str]]:
        """The items of a life event, each with the way to its own page."""
        if not isinstance(shown.about, LifeEvent):
            return []
        return [
            (shown.catalogue.guides[entry.item].name, self._links.of_subject(entry.item, shown.catalogue.hash))
            for entry in shown.about.items
        ]

    def guide_to_ask(self, shown: _Shown) -> Guide | None:
        """The guide whose questions the page asks for a personal list: today's. None on pages that are no
        consultation, on life events, and for items that are gone."""
        return self._current().guides.get(shown.notice.subject) if shown.notice.kind == "consultation" else None

    def list_for(self, guide: Guide, chosen: Mapping[str, str]) -> str:
        """Keeps the personal list for what was chosen on the page; the way to its page.

        Whoever holds the link may choose, so the list belongs to nobody.
        """
        with self._engine.begin() as connection:
            number = service.tell(
                connection,
                self._privacy,
                for_person(guide, chosen),
                catalogue_hash=self._current().hash,
                resident_id=None,
                at=self._clock.now(),
            )
        return self._links.of_number(number)


def create_pages_blueprint(pages: NoticePages) -> Blueprint:
    blueprint = Blueprint(
        "pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )

    @blueprint.get("/notices/<token>")
    def notice(token: str) -> Response:
        shown = pages.shown(token)
        return missing("notice") if shown is None else page("notice.html", **_values(shown))

    @blueprint.post("/notices/<token>/list")
    def personal_list(token: str) -> Response:
        shown = pages.shown(token)
        guide = None if shown is None else pages.guide_to_ask(shown)
        if guide is None:
            return missing("notice")
        agreed = request.form.get("consent") == "yes"
        asked = [situation for situation in guide.situations if agreed or not situation.sensitive]
        chosen = {situation.id: request.form.get(situation.id, "") for situation in asked}
        return make_response(redirect(pages.list_for(guide, chosen), 303))

    @blueprint.get("/notices/<token>/print")
    def sheet(token: str) -> Response:
        shown = pages.shown(token)
        if shown is None:
            return missing("notice")
        values = _values(shown)
        code = segno.make(values["url"], error="m", micro=False).svg_inline(border=0, omitsize=True)
        laid_out = Sheet.of(values["shown"].sections)
        return page("sheet.html", **values, sheet=laid_out, code=Markup(code))  # noqa: S704 - segno's own

    def _values(shown: _Shown) -> dict[str, Any]:
        guide = pages.guide_to_ask(shown)
        return {
            "shown": pages.laid_out(shown),
            "about": shown.about,
            "notice": shown.notice,
            "plain": [s for s in guide.situations if not s.sensitive] if guide else [],
            "sensitive": [s for s in guide.situations if s.sensitive] if guide else [],
            "items": pages.items(shown),
            "url": pages.url(shown),
            "newer": pages.newer(shown),
            "gone": pages.gone(shown),
            "number": spell_number(shown.told.number) if shown.told else None,
            "told_at": _moment(shown.told.first_told_at) if shown.told else None,
        }

    return blueprint


def _moment(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{spell_day(local.date())}{local:%H:%M}"
