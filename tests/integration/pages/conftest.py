import pytest
from sqlalchemy import Engine

from citizen_bot.app import Language
from citizen_bot.dialogue.talk import Talk
from tests.integration.pages.world import World


@pytest.fixture
def world(engine: Engine, language: Language, talk: Talk) -> World:
    return World(engine, language.office, talk.catalogue, language.wordings)


@pytest.fixture
def database_url(emptied_database: str) -> str:
    return emptied_database
