"""Where to go: the resident's own place, the site that serves it, opening hours. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from citizen_bot.catalog import places
from citizen_bot.catalog.model import Catalogue, Division, Guide, Level, Site
from citizen_bot.dialogue.model import Choices, Conversation, Incoming, Reply, Text
from citizen_bot.dialogue.patterns import plain
from citizen_bot.dialogue.signals import chosen_number
from citizen_bot.dialogue.turn import Turn, Understood, said
from citizen_bot.matching.model import Match
from citizen_bot.platform.calendar import OPENING_HOURS, WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI, spell_day
from citizen_bot.wordings import Wordings

NEAREST = 3
MOST_PLACES = 9
# Nobody needs so many characters to say where home is.
LONGEST_PLACE = 40
# Farther than this from every centre, "the nearest" would be no help.
FAR_KM = 60
_HALL = re.compile(r"政务(?:服务)?(?:中心|大厅)|市民(?:服务)?(?:中心|大厅)|审批(?:服务)?(?:大厅|中心)")
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")
_HOLIDAY = re.compile(r"元旦|春节|过年|清明|五一|劳动节|端午|中秋|国庆|十一放假|节假日|放假")
_DAYS = {"今天": 0, "今日": 0, "今儿": 0, "明天": 1, "明日": 1, "明儿": 1, "后天": 2, "后日": 2}
# What the resident wants with a message of these intents happens at a place: the one that it names is the own one.
PLACED = frozenset({"guide", "site", "book", "visit"})
# A message of nothing but these and a place's name says where somebody lives.
_AROUND = frozenset("我俺咱们家是住在户口的人就这那边儿老村里呢啊吧呀哈归属于，。,、. 办事不对婆娘爸妈爹说错了刚才")

_TOWN: tuple[Level, ...] = ("town",)

Place = Division | Site


class Whereabouts:
    """`unverified`: whether places that nobody has confirmed may be told, as samples (development only)."""

    def __init__(
        self, catalogue: Catalogue, wordings: Wordings, calendar: WorkingCalendar, *, unverified: bool
    ) -> None:
        self._catalogue = catalogue
        self._say = wordings
        self._calendar = calendar
        self._unverified = unverified
        self._gazetteer = places.Gazetteer(catalogue)

    def home_told(self, text: str) -> list[Place]:
        """The place that `text` names and says nothing else (我是东里村的), several where a name is not enough to tell
        which."""
        if len(text) > LONGEST_PLACE:
            return []
        text = plain(text)
        found = self.found(text)
        return found if found and set(self._gazetteer.without_names(text)) <= _AROUND else []

    def placed(self, before: Conversation, text: str, match: Match) -> Conversation:
        """`before` with the place that a question names beside what it asks, for this turn (`kept`)."""
        found = self.found(text) if match.intent in PLACED else []
        return replace(before, home=found[0].code) if len(found) == 1 else before

    def kept(self, turn: Turn, before: Conversation, text: str) -> Turn:
        """`turn` without the place of `placed`, unless the message says that it is the resident's own."""
        after = turn.conversation
        if after is None or after.home == before.home or self._gazetteer.own(text):
            return turn
        return replace(turn, conversation=replace(after, home=before.home))

    def at_home(
        self, before: Conversation, found: Sequence[Place], guide: Guide | None, text: str, now: datetime
    ) -> Turn:
        """The resident has said where home is: remembered, and told where to go, with `guide` for its item."""
        if len(found) > 1:
            return self._ask_which(before, found)
        after = replace(before, home=found[0].code, where=(), misses=0)
        told = self._told(found[0].code, guide, text, now)
        return said(after, told, Understood("site", decision="answer", score=1.0))

    def which_place(self, before: Conversation, guide: Guide | None, text: str, now: datetime) -> Turn | None:
        """The answer to which of several places of one name is meant: its number, or its town's name."""
        after = replace(before, where=())
        found = [place for code in before.where if (place := places.home_of(self._catalogue, code))]
        number = chosen_number(text)
        if number is not None:
            if not 1 <= number <= len(found):
                return self._ask_which(before, found)
            return self.at_home(after, [found[number - 1]], guide, text, now)
        named = {place.code for place in self.found(text)}
        inside = [place for place in found if place.code in named or self._town_of(place).code in named]
        return self.at_home(after, inside, guide, text, now) if len(inside) == 1 else None

    def site(self, before: Conversation, guide: Guide | None, text: str, match: Match, now: datetime) -> Turn:
        """Where a centre is and when it is open; for the item of the talk, where that is taken."""
        found = self.found(text)
        if len(found) > 1:
            return self._ask_which(before, found)
        after = replace(before, misses=0, pending=None)
        hall = self.hall_named(text)
        if hall is not None and not found:
            lines = [hall.official_name, *self._hours(text, now), self._contact(hall)]
            return said(after, "\n".join(lines), Understood.of(match))
        if before.home is not None and (found or match.facet != "time"):
            told = self._told(before.home, None if found else guide, text, now)
            return said(after, told, Understood.of(match))
        lines = [*self._hours(text, now), self._say("site_which")]
        if match.facet != "time":
            lines.append(self._say("site_unknown"))
        return said(after, "\n".join(lines), Understood.of(match))

    def where_too(self, turn: Turn, text: str, match: Match) -> Turn:
        """`turn`, which answers where an item is done: who has not said where home is, is told how to learn the
        nearest place."""
        after = turn.conversation
        if after is None or turn.understood.decision != "answer" or match.facet != "where" or after.home is not None:
            return turn
        item = turn.understood.item
        if item is None or places.has_own_place(self._catalogue.guides[item]):
            return turn
        found = self.found(text)
        if len(found) > 1:
            asked = replace(after, where=tuple(place.code for place in found))
            return replace(turn, conversation=asked, reply=Reply((*turn.reply.parts, self.which(found))))
        return replace(turn, reply=Reply((*turn.reply.parts, Text(self._say("where_ask_home")))))

    def located(self, before: Conversation, guide: Guide | None, incoming: Incoming) -> Turn:
        """The nearest sites to a location that was sent, with `guide` those that take its item."""
        told = self._nearest(incoming.latitude, incoming.longitude, guide)
        return said(self._near_home(before, incoming), told, Understood("site", decision="answer"))

    def site_name(self, home: str | None, guide: Guide) -> str | None:
        """The official name of the nearest site to `home` that takes the item; None where that is not known, and for
        an item that is done at a place of its own."""
        place = places.home_of(self._catalogue, home) if home else None
        if place is None or places.has_own_place(guide):
            return None
        site = places.serving_site(self._catalogue, place, guide, unverified=self._unverified)
        return self.named(site) if site else None

    def _told(self, home: str, guide: Guide | None, text: str, now: datetime) -> str:
        """Where somebody from `home` goes, for the item of `guide` or in general, and when it is open."""
        place = places.home_of(self._catalogue, home)
        if place is None:
            return self._say("site_which")
        site = places.serving_site(self._catalogue, place, guide, unverified=self._unverified)
        lines = [self._spelled(place)]
        if guide is not None and places.has_own_place(guide):
            lines.append(self._say("site_elsewhere", item=guide.name, where=guide.where))
            return "\n".join(lines)
        if site is None:
            lines.append(self._say("site_none"))
        elif guide is None:
            lines.append(self._say("site_serves", site=self.named(site)))
        else:
            lines.append(self._say("site_takes", item=guide.name, site=self.named(site)))
        return "\n".join([*lines, *self._hours(text, now), self._contact(site)])

    def _hours(self, text: str, now: datetime) -> list[str]:
        """When the doors are open; of a day that `text` names (明天) or of a day off today, whether they are."""
        spans = "、".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in OPENING_HOURS)
        lines = [self._say("site_hours", hours=spans)]
        today = now.astimezone(SHANGHAI).date()
        named = _day_named(text, today)
        if named is None and _HOLIDAY.search(text):
            return [self._say("site_holiday"), *lines]
        word, day = named or ("今天", today)
        if named or not self._calendar.is_working_day(day):
            wording = "site_open" if self._calendar.is_working_day(day) else "site_closed"
            lines.insert(0, self._say(wording, day=f"{word}{spell_day(day)}"))
        return lines

    def _nearest(self, latitude: float | None, longitude: float | None, guide: Guide | None) -> str:
        """The nearest sites to a location, with `guide` those that take its item."""
        if latitude is None or longitude is None:
            return self._say("nearest_none")
        if guide is not None and places.has_own_place(guide):
            return self._say("site_elsewhere", item=guide.name, where=guide.where)
        found = places.nearest_sites(
            self._catalogue,
            latitude,
            longitude,
            limit=NEAREST,
            verified_only=not self._unverified,
            **({"levels": guide.levels} if guide else {}),
        )
        if not found:
            return self._say("nearest_none") if guide is None else self._say("nearest_none_for", item=guide.name)
        if found[0][1] > FAR_KM:
            return self._say("nearest_far")
        heading = self._say("nearest") if guide is None else self._say("nearest_for", item=guide.name)
        lines = [self._say("nearest_line", name=self.named(site), km=f"{km:.1f}") for site, km in found]
        return "\n".join([heading, *lines, self._say("nearest_seats")])

    def _near_home(self, before: Conversation, incoming: Incoming) -> Conversation:
        """The nearest town serves who has not said where home is."""
        if before.home is not None or incoming.latitude is None or incoming.longitude is None:
            return before
        found = places.nearest_sites(
            self._catalogue, incoming.latitude, incoming.longitude, limit=1, verified_only=True, levels=_TOWN
        )
        return replace(before, home=found[0][0].code) if found and found[0][1] <= FAR_KM else before

    def named(self, site: Site) -> str:
        """A station that nobody has confirmed is a sample, and says so."""
        return site.official_name if places.exists(site) else self._say("sample_site", site=site.official_name)

    def _spelled(self, place: Place) -> str:
        if isinstance(place, Site):
            return self._say("home_town", town=place.name)
        return self._say("home", place=place.name, town=self._town_of(place).name)

    def found(self, text: str) -> list[Place]:
        """The places that `text` names; more than can be offered are as good as none."""
        found = self._gazetteer.find(text)
        return found if len(found) <= MOST_PLACES else []

    def without_names(self, text: str) -> str:
        """What `text` says besides the names of places."""
        return self._gazetteer.without_names(text)

    def hall_named(self, text: str) -> Site | None:
        """The city's hall, where `text` names it (政务服务中心)."""
        return places.city_hall(self._catalogue) if _HALL.search(text) else None

    def _town_of(self, place: Place) -> Site:
        return places.site_of_town(self._catalogue, place) if isinstance(place, Division) else place

    def _ask_which(self, before: Conversation, found: Sequence[Place]) -> Turn:
        after = replace(before, where=tuple(place.code for place in found), pending=None, misses=0)
        understood = Understood("site", decision="clarify", score=1.0)
        return Turn(after, Reply((self.which(found),)), understood=understood)

    def which(self, found: Sequence[Place]) -> Choices:
        """Of several places: by their towns where they have one name, else by name and town."""
        names = {place.name for place in found}
        towns = [self._town_of(place).name for place in found]
        if len(names) == 1 and len(set(towns)) == len(found):
            return Choices(self._say("which_place", name=found[0].name, count=len(found)), tuple(towns))
        spelled = (self._spell(place, town) for place, town in zip(found, towns, strict=True))
        return Choices(self._say("which_places"), tuple(spelled))

    @staticmethod
    def _spell(place: Place, town: str) -> str:
        return place.name if place.name == town else f"{place.name}（{town}）"

    def _contact(self, site: Site | None) -> str:
        if site is None or not (site.address or site.phone):
            return self._say("site_unknown")
        told = [self._say("site_address", address=site.address)] if site.address else []
        told += [self._say("site_phone", phone=site.phone)] if site.phone else []
        return "\n".join(told)


def _day_named(text: str, today: date) -> tuple[str, date] | None:
    """The day that `text` names, as it calls it: 明天, or the next 周六."""
    word = next((word for word in _DAYS if word in text), None)
    if word is not None:
        return word, today + timedelta(_DAYS[word])
    weekday = _WEEKDAY.search(text)
    if weekday is None:
        return None
    ahead = ("一二三四五六日".index(weekday[1].replace("天", "日")) - today.weekday()) % 7
    return "", today + timedelta(ahead)
