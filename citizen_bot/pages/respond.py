"""How every page is answered: from a template, with the same strict headers."""

from typing import Any, Literal

from flask import Response, make_response, render_template

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def page(template: str, /, *, status: int = 200, **values: Any) -> Response:
    """`template` is a file of templates/pages. Nothing of a page is kept by a cache or told to another host."""
    response = make_response(render_template(f"pages/{template}", **values), status)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def missing(what: Literal["notice", "appointment", "task"]) -> Response:
    """For a link that was not made here, or no longer leads anywhere."""
    return page("missing.html", status=404, what=what)
