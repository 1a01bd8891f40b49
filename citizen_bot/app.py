"""Where the parts meet: settings in, a Flask application out. Nothing else knows all of them."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from citizen_bot.appointments.links import AppointmentLinks
from citizen_bot.catalog import store
from citizen_bot.catalog.follower import Follower
from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue.signals import Signals, load_signals
from citizen_bot.dialogue.talk import Talk
from citizen_bot.dialogue.turns import Turns
from citizen_bot.matching.cache import build_matcher
from citizen_bot.matching.knowledge import Knowledge, load_knowledge
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.notifications import watching
from citizen_bot.notifications.composing import Compositions, load_composers
from citizen_bot.pages.appointment import AppointmentPages, create_appointment_blueprint
from citizen_bot.pages.routes import NoticePages, create_pages_blueprint
from citizen_bot.pages.task import TaskPages, create_task_blueprint
from citizen_bot.platform import jobs
from citizen_bot.platform.clock import SHANGHAI, Clock, SystemClock
from citizen_bot.platform.database import create_engine, ping
from citizen_bot.platform.health import Check, create_health_blueprint
from citizen_bot.platform.privacy import Privacy
from citizen_bot.platform.redis import create_redis
from citizen_bot.platform.telemetry.metrics import read_at_scrape
from citizen_bot.platform.telemetry.requests import install_request_id
from citizen_bot.rules import Office, load_office
from citizen_bot.settings import Settings, data_folder
from citizen_bot.visits.links import TaskLinks
from citizen_bot.wordings import Wordings, load_wordings
from webhooks.wechat.routes import WeChatDoor, create_wechat_blueprint

OLD_CATALOGUES_KEPT = 3


class NothingPublished(Exception):
    """The database has no catalogue yet: `citizen-bot release` or `citizen-bot catalog publish` brings one."""


@dataclass(frozen=True, slots=True)
class Language:
    """All that intents/ and the office's own files bring: what a talk needs besides the catalogue."""

    knowledge: Knowledge
    signals: Signals
    wordings: Wordings
    office: Office

    @classmethod
    def load(cls, settings: Settings) -> "Language":
        """Raises the loaders' exceptions, each with all faults of its file."""
        return cls(
            knowledge=load_knowledge(settings.intents_dir),
            signals=load_signals(settings.intents_dir),
            wordings=load_wordings(settings.intents_dir, data_folder("intents")),
            office=load_office(settings.guides_dir, Privacy(settings.privacy_keys)),
        )

    def talk(
        self,
        catalogue: Catalogue,
        *,
        notice_link: Callable[[str, str, int | None], str],
        unverified_sites: bool,
        cache: Path | None = None,
    ) -> Talk:
        """`notice_link(label, subject, number)` gives the line that leads to a whole notice. `cache` is a folder of
        ours, in which the matcher's index is kept for the next start."""
        label = self.wordings("full_notice")
        return Talk(
            catalogue=catalogue,
            matcher=build_matcher(catalogue, self.knowledge, cache),
            topics=self.knowledge.topics,
            signals=self.signals,
            wordings=self.wordings,
            calendar=self.office.calendar,
            rules=self.office.rules,
            notice_link=functools.partial(notice_link, label),
            unverified_sites=unverified_sites,
        )


@dataclass(frozen=True, slots=True)
class Preloaded:
    """The heavy memory: built once in the parent process, shared by the workers that it forks."""

    language: Language
    build: Callable[[Catalogue], Talk]
    talk: Talk


def preload(settings: Settings) -> Preloaded:
    """Loads the dictionaries and the published catalogue, and warms the matcher.

    Raises NothingPublished, and whatever keeps the database or a file from being read.
    """
    language = Language.load(settings)
    links = NoticeLinks(settings.secret_key, settings.public_url)

    def build(catalogue: Catalogue) -> Talk:
        return language.talk(
            catalogue,
            notice_link=functools.partial(_html_link, links, catalogue.hash),
            unverified_sites=not settings.production,
            cache=settings.home / "cache",
        )

    return Preloaded(language, build, build(_published(settings)))


def _html_link(links: NoticeLinks, catalogue_hash: str, label: str, subject: str, number: int | None) -> str:
    url = links.of_subject(subject, catalogue_hash) if number is None else links.of_number(number)
    return f'<a href="{url}">{label}</a>'


def _published(settings: Settings) -> Catalogue:
    engine = create_engine(_required(settings.database_url))
    try:
        with engine.connect() as connection:
            current = store.current_hash(connection)
            if current is None:
                raise NothingPublished
            return store.load(connection, current)
    finally:
        engine.dispose()


def create_app(settings: Settings, *, preloaded: Preloaded | None = None, clock: Clock | None = None) -> Flask:
    """The web application. Starts one thread, which follows the published catalogue: call it after a fork."""
    clock = clock or SystemClock()
    loaded = preloaded or preload(settings)
    engine = create_engine(_required(settings.database_url), pool_size=settings.web_threads + 1)
    cache = create_redis(_required(settings.redis_url))
    follower = Follower(engine, loaded.build, (loaded.talk.catalogue.hash, loaded.talk))
    follower.start()
    language = loaded.language
    link = functools.partial(_page_address, settings.public_url)
    load_composers()
    compositions = Compositions(
        language.office, lambda _: follower.current.catalogue, language.wordings, link, settings.secret_key
    )
    links = AppointmentLinks(settings.secret_key, link)
    turns = Turns(engine, lambda: follower.current, compositions, links, clock)

    app = Flask("citizen_bot", static_folder=None)
    install_request_id(app)
    app.config.update(SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=settings.wechat_max_body)
    app.register_blueprint(create_wechat_blueprint(receive=turns.receive, config=WeChatDoor.of(settings), clock=clock))
    published = functools.partial(_catalogue_by_prefix, _old_catalogues(engine), follower)
    notice_links = NoticeLinks(settings.secret_key, settings.public_url)
    notice_pages = NoticePages(
        engine,
        language.office.privacy,
        catalogue=published,
        current=lambda: follower.current.catalogue,
        links=notice_links,
        wordings=language.wordings,
        clock=clock,
    )
    app.register_blueprint(create_pages_blueprint(notice_pages))
    appointment_pages = AppointmentPages(
        engine,
        language.office,
        catalogue=published,
        current=lambda: follower.current.catalogue,
        links=links,
        notices=notice_links,
        wordings=language.wordings,
        clock=clock,
    )
    app.register_blueprint(create_appointment_blueprint(appointment_pages))
    task_pages = TaskPages(
        engine,
        language.office,
        current=lambda: follower.current.catalogue,
        links=TaskLinks(settings.secret_key, settings.public_url, clock),
        secret_key=settings.secret_key,
        wordings=language.wordings,
        clock=clock,
    )
    app.register_blueprint(create_task_blueprint(task_pages))
    checks: dict[str, Check] = {
        "database": functools.partial(_works, functools.partial(ping, engine)),
        "redis": functools.partial(_works, cache.ping),
        "catalogue": lambda: None if follower.current.catalogue.guides else "holds no guide",
        "matcher": functools.partial(_works, follower.current.warm),
    }
    calendar = loaded.language.office.calendar
    app.register_blueprint(
        create_health_blueprint(
            checks,
            {"calendar": lambda: calendar.warning(clock.now().astimezone(SHANGHAI).date())},
            [jobs.oldest_job_age(engine), _catalogue_info(follower), *watching.gauges(engine, clock)],
        )
    )
    if settings.sandbox:
        from citizen_bot.sandbox import register

        register(app, settings, clock)
    return app


def _page_address(public_url: str, path: str) -> str:
    return f"{public_url}{path}"


def _works(call: Callable[[], object]) -> None:
    """A check that holds when `call` does not raise."""
    call()


def _catalogue_info(follower: Follower[Talk]) -> Collector:
    return read_at_scrape(
        "citizen_bot_catalogue_guides",
        "Guides in the catalogue that this process answers from",
        ["hash"],
        lambda: [([follower.current.catalogue.hash], len(follower.current.catalogue.guides))],
    )


def _old_catalogues(engine: Engine) -> Callable[[str], Catalogue]:
    """Published catalogues by the first digits of their hash. They never change, and loading one takes a tenth of a
    second, so the last ones are kept. Raises store.UnknownVersion."""

    @functools.lru_cache(OLD_CATALOGUES_KEPT)
    def load(prefix: str) -> Catalogue:
        with engine.connect() as connection:
            version = store.find_hash(connection, prefix)
            if version is None:
                raise store.UnknownVersion(prefix)
            return store.load(connection, version)

    return load


def _catalogue_by_prefix(old: Callable[[str], Catalogue], follower: Follower[Talk], prefix: str) -> Catalogue | None:
    """The published catalogue, present or past, whose hash starts with `prefix`: an old notice shows as it was told."""
    current = follower.current.catalogue
    if current.hash.startswith(prefix):
        return current
    try:
        return old(prefix)
    except store.UnknownVersion:
        return None


def _required(url: str | None) -> str:
    if url is None:
        raise ValueError("the address of PostgreSQL or Redis is not set; `citizen-bot up` brings its own")
    return url
