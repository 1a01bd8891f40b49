"""Which office a task is about: the site that takes the item and has a window for it, and how it is spoken of."""

from citizen_bot.catalog import places
from citizen_bot.catalog.model import Catalogue, Division, Guide, Site
from citizen_bot.dialogue.model import Task
from citizen_bot.dialogue.whereabouts import Place, Whereabouts
from citizen_bot.rules import AppointmentRules


class Windows:
    """`unverified`: whether places that nobody has confirmed may be booked, as samples (development only)."""

    def __init__(
        self, catalogue: Catalogue, whereabouts: Whereabouts, rules: AppointmentRules, *, unverified: bool
    ) -> None:
        self._catalogue = catalogue
        self._where = whereabouts
        self._rules = rules
        self._unverified = unverified

    def guide(self, item: str | None) -> Guide | None:
        return self._catalogue.guides.get(item) if item else None

    def name(self, item: str | None) -> str:
        """The item's name; empty while there is none."""
        guide = self.guide(item)
        return guide.name if guide else ""

    def site(self, code: str | None) -> Site | None:
        return self._catalogue.sites.get(code or "")

    def place(self, code: str | None) -> Place | None:
        """The village, community or town of this code."""
        return places.home_of(self._catalogue, code) if code else None

    def site_for(self, place: Place, guide: Guide) -> Site | None:
        """The nearest site to `place` that takes the item and has a window for it: own station, town, hall."""
        chain = (self.site(place.code), self.site(town_code(place)), places.city_hall(self._catalogue))
        for site in chain:
            if site and (places.exists(site) or self._unverified) and self._takes(site, guide):
                return site
        return None

    def site_of(self, task: Task, guide: Guide, home: str | None) -> Site | None:
        """Where the resident goes: the place that was named, else the only one there is, else the one near `home`."""
        if task.place is not None:
            named = self.site(task.place) or self.place(task.place)
            return self.site_for(named, guide) if named else None
        if task.offered and task.asking == "place":
            return None
        if guide.levels == ("city",):
            return places.city_hall(self._catalogue)
        near = self.place(home)
        return self.site_for(near, guide) if near else None

    def nearest(self, latitude: float, longitude: float, guide: Guide, limit: int) -> list[tuple[Site, float]]:
        """The nearest sites that take the item, with their distance in km."""
        found = places.nearest_sites(
            self._catalogue,
            latitude,
            longitude,
            limit=limit,
            verified_only=not self._unverified,
            levels=guide.levels,
        )
        return [(site, km) for site, km in found if self._takes(site, guide)]

    def spell(self, site: Site, guide: Guide) -> str:
        """The site's official name with its window; an item with a place of its own is done there."""
        if places.has_own_place(guide) and site.level == "city" and guide.where:
            return guide.where.partition("，")[0]
        return f"{self._where.named(site)} {self._rules.window_of(guide).name}"

    def town(self, place: Place) -> Site:
        return places.site_of_town(self._catalogue, place) if isinstance(place, Division) else place

    def address(self, task: Task) -> str:
        """Where the person lives who is to be visited, from the town down."""
        home = self.place(task.place)
        return f"{self.town(home).name if home else ''}{task.address or ''}"

    def _takes(self, site: Site, guide: Guide) -> bool:
        seats = self._rules.seats_of(site, self._rules.window_of(guide).id, extended=False)
        return site.level in guide.levels and seats > 0


def town_code(place: Place) -> str:
    return place.town if isinstance(place, Division) else place.code
