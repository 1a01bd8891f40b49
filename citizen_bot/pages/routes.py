"""Residents' pages, opened from WeChat: large type, 375 px first, nothing from another host."""

from collections.abc import Callable

from flask import Blueprint, Response, make_response, render_template

from citizen_bot.catalog.model import Catalogue
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.notices.text import ORDER, sections
from citizen_bot.wordings import Wordings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_pages_blueprint(
    *, catalogue: Callable[[str], Catalogue | None], links: NoticeLinks, wordings: Wordings
) -> Blueprint:
    """`catalogue` gives the published catalogue whose hash starts with the given digits, or None."""
    pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

    @pages.get("/notices/<token>")
    def notice(token: str) -> Response:
        read = links.read(token)
        told_from = catalogue(read[1]) if read else None
        guide = told_from.guides.get(read[0]) if read and told_from else None
        if guide is None:
            return _page("missing.html", 404)
        of_guide = sections(guide, wordings)
        shown = [of_guide[name] for name in ("online", *ORDER) if name in of_guide]
        return _page("notice.html", guide=guide, sections=shown, say=wordings)

    return pages


def _page(template: str, status: int = 200, **values: object) -> Response:
    response = make_response(render_template(f"pages/{template}", **values), status)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
