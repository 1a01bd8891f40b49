"""Residents' pages, opened from WeChat: large type, 375 px first, nothing from another host."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import segno
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from markupsafe import Markup
from sqlalchemy import Engine

from citizen_bot.catalog.lists import known_answers, refusal
from citizen_bot.catalog.model import Catalogue, Guide, LifeEvent
from citizen_bot.notices import service
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.notices.model import Notice
from citizen_bot.notices.numbers import spell_number
from citizen_bot.notices.text import Section, event_sections, sections, title
from citizen_bot.pages.sheet import Sheet
from citizen_bot.platform.clock import SHANGHAI, Clock, spell_day
from citizen_bot.wordings import Wordings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


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
        catalogue: Callable[[str], Catalogue | None],
        current: Callable[[], Catalogue],
        links: NoticeLinks,
        wordings: Wordings,
        clock: Clock,
    ) -> None:
        self._engine = engine
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
                told = service.find(connection, linked.number)
            return None if told is None else self._about(told.notice, told.catalogue_hash, told)
        return self._about(Notice("consultation", linked.subject), linked.hash_prefix, None)

    def _about(self, notice: Notice, version: str, told: service.Told | None) -> _Shown | None:
        catalogue = self._catalogue(version)
        if catalogue is None:
            return None
        about = catalogue.events.get(notice.subject) or catalogue.guides.get(notice.subject)
        return None if about is None else _Shown(notice, about, catalogue, told)

    def sections(self, shown: _Shown) -> list[Section]:
        if isinstance(shown.about, LifeEvent):
            return list(event_sections(shown.about, shown.catalogue.guides, self._say).values())
        return list(sections(shown.about, shown.notice, self._say).values())

    def title(self, shown: _Shown) -> str:
        if isinstance(shown.about, LifeEvent):
            return self._say("title_event", name=shown.about.name)
        if shown.notice.kind == "consultation":
            return shown.about.name
        return title(shown.notice, shown.about.name, self._say)

    def url(self, shown: _Shown) -> str:
        if shown.told is not None:
            return self._links.of_number(shown.told.number)
        return self._links.of_subject(shown.notice.subject, shown.catalogue.hash)

    def newer(self, shown: _Shown) -> str | None:
        """The way to what is told today, where that differs from what was told then; None otherwise."""
        current = self._current()
        subject = shown.notice.subject
        now = current.events.get(subject) or current.guides.get(subject)
        return self._links.of_subject(subject, current.hash) if now is not None and now != shown.about else None

    def items(self, shown: _Shown) -> list[tuple[str, str]]:
        """The items of a life event, each with the way to its own page."""
        if not isinstance(shown.about, LifeEvent):
            return []
        return [
            (shown.catalogue.guides[entry.item].name, self._links.of_subject(entry.item, shown.catalogue.hash))
            for entry in shown.about.items
        ]

    def list_for(self, shown: _Shown, guide: Guide, chosen: dict[str, str]) -> str:
        """Keeps the personal list for what was chosen on the page; the way to its page."""
        answers = known_answers(guide.situations, chosen)
        reason = refusal(guide, answers)
        if reason is None:
            notice = Notice("consultation", guide.id, answers)
        else:
            notice = Notice("not_eligible", guide.id, answers, reason.reason, reason.remedy)
        with self._engine.begin() as connection:
            number = service.tell(
                connection,
                notice,
                catalogue_hash=shown.catalogue.hash,
                resident_id=shown.told.resident_id if shown.told else None,
                at=self._clock.now(),
            )
        return self._links.of_number(number)


def create_pages_blueprint(pages: NoticePages, wordings: Wordings) -> Blueprint:
    blueprint = Blueprint(
        "pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )

    @blueprint.get("/notices/<token>")
    def notice(token: str) -> Response:
        shown = pages.shown(token)
        return _missing() if shown is None else _page("notice.html", **_values(shown), token=token)

    @blueprint.post("/notices/<token>/list")
    def personal_list(token: str) -> Response:
        shown = pages.shown(token)
        if shown is None:
            return _missing()
        if not isinstance(shown.about, Guide):
            abort(404)
        chosen = {situation.id: request.form.get(situation.id, "") for situation in shown.about.situations}
        return make_response(redirect(pages.list_for(shown, shown.about, chosen), 303))

    @blueprint.get("/notices/<token>/print")
    def sheet(token: str) -> Response:
        shown = pages.shown(token)
        if shown is None:
            return _missing()
        code = segno.make(pages.url(shown), error="m", micro=False).svg_inline(border=0, omitsize=True)
        laid_out = Sheet.of(pages.sections(shown))
        return _page("sheet.html", **_values(shown), sheet=laid_out, code=Markup(code))  # noqa: S704 - segno's own

    def _values(shown: _Shown) -> dict[str, Any]:
        return {
            "title": pages.title(shown),
            "about": shown.about,
            "notice": shown.notice,
            "situations": shown.about.situations if isinstance(shown.about, Guide) else (),
            "sections": pages.sections(shown),
            "items": pages.items(shown),
            "url": pages.url(shown),
            "newer": pages.newer(shown),
            "number": spell_number(shown.told.number) if shown.told else None,
            "told_at": _moment(shown.told.first_told_at) if shown.told else None,
            "say": wordings,
        }

    return blueprint


def _moment(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{spell_day(local.date())}{local:%H:%M}"


def _missing() -> Response:
    return _page("missing.html", status=404)


def _page(template: str, /, *, status: int = 200, **values: Any) -> Response:
    response = make_response(render_template(f"pages/{template}", **values), status)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response
