import functools

import pytest
import requests
import structlog
from flask import Flask, request
from sqlalchemy import Engine
from structlog.testing import LogCapture
from world import AGENT, APP, CORP, CORP_SECRET, NOW, SECRET, Hook, World, present

from citizen_bot.catalog import loader
from citizen_bot.catalog.model import Catalogue
from citizen_bot.channels.webhook import SignedWebhook
from citizen_bot.channels.wechat import OfficialAccount
from citizen_bot.channels.wecom import Application, GroupRobot
from citizen_bot.notifications import attempts, robots, sending, service, tasks, watching
from citizen_bot.notifications.composing import Compositions, load_composers
from citizen_bot.notifications.robots import Robots
from citizen_bot.notifications.sending import Sender
from citizen_bot.notifications.templates import Template, Templates
from citizen_bot.notifications.ways import Channels, Ways
from citizen_bot.platform.calendar import load_calendar
from citizen_bot.platform.clock import FixedClock
from citizen_bot.platform.jobs import TaskContext
from citizen_bot.platform.privacy import Privacy
from citizen_bot.rules import Office, load_rules
from citizen_bot.sandbox import AppAdapter, create_fake
from citizen_bot.sandbox.state import FakeState
from citizen_bot.settings import Settings, data_folder
from citizen_bot.wordings import Wordings, load_wordings

FIELDS = {"thing1": "item", "time2": "time"}
TEMPLATES = Templates(
    {
        "appointment_reminder": [
            Template("tmpl", "template", False, FIELDS),
            Template("sub", "subscription", False, FIELDS),
        ],
        "visit_progress": [Template("long", "subscription", True, FIELDS)],
    }
)


@pytest.fixture(scope="session")
def office() -> Office:
    load_composers()
    settings = Settings.from_environment({})
    return Office(load_rules(settings.guides_dir), load_calendar(settings.guides_dir), Privacy(settings.privacy_keys))


@pytest.fixture(scope="session")
def say() -> Wordings:
    return load_wordings(data_folder("intents"), data_folder("intents"))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return loader.load(Settings.from_environment({}).guides_dir)


@pytest.fixture
def world(
    engine: Engine, office: Office, say: Wordings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> World:
    present.clear()
    settings, clock = Settings.from_environment({}), FixedClock(NOW)
    state = FakeState(apps={APP: SECRET}, corps={CORP: {str(AGENT): CORP_SECRET}})
    hook = Hook()
    session = requests.Session()
    session.mount("http://fake.test", AppAdapter(create_fake(state, clock)))
    session.mount("http://hook.test", AppAdapter(_receiver(hook)))
    channels = Channels(
        OfficialAccount("http://fake.test", APP, SECRET, None, clock=clock, session=session),
        Application("http://fake.test/wecom", CORP, AGENT, CORP_SECRET, None, clock=clock, session=session),
        functools.lru_cache(lambda key: GroupRobot("http://fake.test/wecom", key, None, clock=clock, session=session)),
        functools.partial(SignedWebhook, clock=clock, session=session),
    )
    link = "https://city.example{}".format
    compositions = Compositions(office, lambda _: catalogue, say, link, settings.secret_key)
    parts = {
        Office: office,
        Compositions: compositions,
        Channels: channels,
        Sender: Sender(engine, compositions, Ways(channels, TEMPLATES), clock),
        Robots: Robots(engine, compositions, channels, clock),
    }
    return World(
        engine, clock, state, TaskContext(engine, settings, clock, parts), session, hook, _captured(monkeypatch)
    )


def _receiver(hook: Hook) -> Flask:
    app = Flask("receiver")

    @app.post("/events")
    def take() -> tuple[str, int]:
        hook.received.append((dict(request.headers), request.get_json()))
        status = hook.statuses.pop(0) if hook.statuses else 204
        if status == 0:
            raise ConnectionAbortedError
        return "", status

    return app


def _captured(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    """Loggers of the process remember how they were configured, so these modules get one of their own."""
    capture = LogCapture()
    own = structlog.wrap_logger(
        structlog.PrintLogger(), processors=[capture], wrapper_class=structlog.make_filtering_bound_logger(0)
    )
    for module in (attempts, robots, sending, service, tasks, watching):
        monkeypatch.setattr(module, "log", own)
    return capture
