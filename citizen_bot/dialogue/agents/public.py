"""Who the agents (代办员) of a village are: public for residents, with the items taken, the hours and the telephone."""

from dataclasses import replace

from citizen_bot.catalog import places
from citizen_bot.catalog.model import Catalogue, Division
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.model import Conversation
from citizen_bot.dialogue.turn import Turn, Understood, said
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.people import agents
from citizen_bot.people.agents import Agent
from citizen_bot.wordings import Wordings

MOST_ITEMS = 3


class PublicAgents:
    """`unverified`: whether samples may be told (development only)."""

    def __init__(self, catalogue: Catalogue, whereabouts: Whereabouts, wordings: Wordings, *, unverified: bool) -> None:
        self._catalogue = catalogue
        self._where = whereabouts
        self._say = wordings
        self._unverified = unverified

    def tell(self, before: Conversation, text: str, desk: Desk) -> Turn:
        """The agents of the village that `text` names, else of the own one; else asks which it is."""
        named = self._where.found(text)
        own = places.home_of(self._catalogue, before.home) if before.home else None
        home = named[0] if len(named) == 1 else own
        understood = Understood("site", decision="answer", score=1.0)
        after = replace(before, pending=None, misses=0)
        if not isinstance(home, Division):
            return said(after, self._say("agent_who_where"), understood)
        known = [
            agent
            for agent in agents.everybody(desk.connection, home.code)
            if agent.active and (self._unverified or not agent.sample)
        ]
        if not known:
            site = places.site_of_town(self._catalogue, home).official_name
            return said(after, self._say("agent_who_none", place=home.name, site=site), understood)
        lines = [self._say("agent_who", place=home.name), *(self._line(agent, desk) for agent in known)]
        return said(after, "\n".join([*lines, self._say("agent_who_hint")]), understood)

    def _line(self, agent: Agent, desk: Desk) -> str:
        guides = [self._catalogue.guides[item].name for item in agent.items if item in self._catalogue.guides]
        items = "、".join(guides[:MOST_ITEMS]) if guides else self._say("agent_who_every_item")
        line = self._say("agent_who_line", name=agent.name, items=items)
        if agent.office_hours:
            line += self._say("agent_who_hours", hours=agent.office_hours)
        if phone := agent.phone(desk.office.privacy):
            line += self._say("agent_who_phone", phone=phone)
        return line + (self._say("agent_who_sample") if agent.sample else "")
