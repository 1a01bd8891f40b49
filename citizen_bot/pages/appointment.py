"""The page of an appointment, for the resident and for the window. It shows the present state and changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import segno
from flask import Blueprint, Response
from markupsafe import Markup
from sqlalchemy import Engine

from citizen_bot.appointments import service
from citizen_bot.appointments.links import AppointmentLinks
from citizen_bot.appointments.service import Appointment
from citizen_bot.catalog.model import Catalogue, Guide, Site
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.notices.notice import Notice
from citizen_bot.notices.text import Section, lay_out
from citizen_bot.pages.respond import missing, page
from citizen_bot.platform.clock import SHANGHAI, Clock, spell_day, spell_hour
from citizen_bot.platform.privacy import mask_name
from citizen_bot.rules import GENERAL, Office
from citizen_bot.wordings import Wordings

_PAPERS = ("materials", "shared", "optional")

# What the appointment's own states do not tell: booked, and it has begun (running), and its hour is over (over).
State = Literal["pending", "booked", "running", "over", "arrived", "done", "no_show", "cancelled", "expired"]


@dataclass(frozen=True, slots=True)
class ShownAppointment:
    """All that the page tells: nobody's full name, and no number but the appointment's.

    `papers` are the item's, as the catalogue has them today; `guide_url` leads to the whole guide. `code_image` is the
    QR code of `code` as inline SVG, None once there is nothing to show it for.
    """

    state: State
    code: str
    item: str
    site: Site
    window: str
    day: str
    hours: str
    today: bool
    name: str | None
    by_wechat: bool
    papers: tuple[Section, ...]
    guide_url: str
    code_image: Markup | None


class AppointmentPages:
    """`catalogue` and `current` are as in NoticePages."""

    def __init__(
        self,
        engine: Engine,
        office: Office,
        catalogue: Callable[[str], Catalogue | None],
        current: Callable[[], Catalogue],
        links: AppointmentLinks,
        notices: NoticeLinks,
        wordings: Wordings,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._office = office
        self._catalogue = catalogue
        self._current = current
        self._links = links
        self._notices = notices
        self._say = wordings
        self._clock = clock

    def shown(self, token: str) -> ShownAppointment | None:
        """None for a link that was not made here, and for what no longer exists."""
        number = self._links.read(token)
        if number is None:
            return None
        with self._engine.connect() as connection:
            appointment = service.find(connection, self._office, number)
        known = None if appointment is None else self._known(appointment)
        return None if appointment is None or known is None else self._shown(appointment, *known)

    def _known(self, appointment: Appointment) -> tuple[Catalogue, Guide, Site] | None:
        """By today's catalogue; what that no longer has, as it was when it was booked."""
        for catalogue in (self._current(), self._catalogue(appointment.catalogue_hash)):
            guide = None if catalogue is None else catalogue.guides.get(appointment.item)
            site = None if catalogue is None else catalogue.sites.get(appointment.site_code)
            if catalogue is not None and guide is not None and site is not None:
                return catalogue, guide, site
        return None

    def _shown(self, appointment: Appointment, catalogue: Catalogue, guide: Guide, site: Site) -> ShownAppointment:
        windows = {window.id: window.name for window in self._office.rules.appointments.windows}
        state = self._state(appointment)
        code = segno.make(appointment.code, error="m", micro=False).svg_inline(omitsize=True)
        laid_out = lay_out(catalogue, Notice("consultation", guide.id), self._say)
        return ShownAppointment(
            state=state,
            code=appointment.code,
            item=guide.name,
            site=site,
            window=windows.get(appointment.window_id, windows[GENERAL]),
            day=spell_day(appointment.starts_at.date()),
            hours=f"{spell_hour(appointment.starts_at)}到{spell_hour(appointment.ends_at)}",
            today=appointment.starts_at.date() == self._clock.now().astimezone(SHANGHAI).date(),
            name=None if appointment.name is None else mask_name(appointment.name),
            by_wechat=appointment.resident_id is not None,
            papers=tuple(section for section in laid_out.sections if section.name in _PAPERS),
            guide_url=self._notices.of_subject(guide.id, catalogue.hash),
            code_image=Markup(code) if state in ("booked", "running") else None,  # noqa: S704 - segno's own
        )

    def _state(self, appointment: Appointment) -> State:
        now = self._clock.now()
        if appointment.state != "booked" or now < appointment.starts_at:
            return appointment.state
        return "running" if now < appointment.ends_at else "over"


def create_appointment_blueprint(pages: AppointmentPages) -> Blueprint:
    """Needs the blueprint of the notices' pages beside it, which brings the style sheets."""
    blueprint = Blueprint("appointment_page", __name__, template_folder="templates")

    @blueprint.get("/appointments/<token>")
    def appointment(token: str) -> Response:
        shown = pages.shown(token)
        return missing("appointment") if shown is None else page("appointment.html", shown=shown)

    return blueprint
