"""question → Match: normalise, read, recall, rank, decide. Pure; no input or output after loading.

Public: Matcher, Knowledge, Topic, load_knowledge, and the types of `model`.
"""

from citizen_bot.matching.knowledge import Knowledge, Topic, load_knowledge
from citizen_bot.matching.matcher import Matcher
from citizen_bot.matching.model import Candidate, Decision, Facet, Intent, Match

__all__ = [
    "Candidate",
    "Decision",
    "Facet",
    "Intent",
    "Knowledge",
    "Match",
    "Matcher",
    "Topic",
    "load_knowledge",
]
