"""Residents' pages over a real database."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from citizen_bot.catalog import snapshot, store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue.talk import Talk
from citizen_bot.notices import service
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.notices.notice import Notice
from citizen_bot.pages.routes import NoticePages, create_pages_blueprint
from citizen_bot.people import service as people
from citizen_bot.platform.clock import FixedClock
from citizen_bot.platform.numbers import spell_number
from citizen_bot.platform.privacy import Privacy
from citizen_bot.settings import DEVELOPMENT_PRIVACY_KEY, data_folder
from citizen_bot.wordings import load_wordings

LINKS = NoticeLinks("secret", "")
PRIVACY = Privacy((DEVELOPMENT_PRIVACY_KEY,))
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ITEM = "elderly-age-allowance"


@pytest.fixture
def engine(engine: Engine, talk: Talk) -> Engine:
    with engine.begin() as connection:
        store.publish(connection, talk.catalogue, by="test", at=NOW)
    return engine


def _client(engine: Engine, *catalogues: Catalogue) -> FlaskClient:
    """The pages over `catalogues`, of which the last is the current one."""

    def by_prefix(prefix: str) -> Catalogue | None:
        return next((catalogue for catalogue in catalogues if catalogue.hash.startswith(prefix)), None)

    wordings = load_wordings(data_folder("intents"), data_folder("intents"))
    pages = NoticePages(engine, PRIVACY, by_prefix, lambda: catalogues[-1], LINKS, wordings, FixedClock(NOW))
    app = Flask("test", static_folder=None)
    app.register_blueprint(create_pages_blueprint(pages))
    return app.test_client()


@pytest.fixture
def client(engine: Engine, talk: Talk) -> FlaskClient:
    return _client(engine, talk.catalogue)


def _told(engine: Engine, talk: Talk, notice: Notice) -> int:
    with engine.begin() as connection:
        return service.tell(connection, PRIVACY, notice, catalogue_hash=talk.catalogue.hash, resident_id=None, at=NOW)


def test_every_item_and_life_event_has_a_page_and_a_sheet_that_need_no_other_host(
    client: FlaskClient, talk: Talk
) -> None:
    for subject in (*talk.catalogue.guides, *talk.catalogue.events):
        url = LINKS.of_subject(subject, talk.catalogue.hash)
        for page in (client.get(url), client.get(f"{url}/print")):
            assert page.status_code == 200
            assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert "None" not in page.text
            assert not re.search(r'(src|href)="(https?:)?//', page.text)
        guide = talk.catalogue.guides.get(subject)
        shown = html.unescape(client.get(url).text)
        assert guide is None or all(material.name in shown for material in guide.materials)


def test_a_told_notice_shows_its_number_and_when_it_was_told(client: FlaskClient, engine: Engine, talk: Talk) -> None:
    number = _told(engine, talk, Notice("consultation", ITEM, {"by-agent": "yes"}))
    page = client.get(LINKS.of_number(number))
    assert spell_number(number) in page.text
    assert "2026年11月23日（周一）10:00告知" in page.text
    assert "是别人替老人来办吗？是" in page.text
    assert spell_number(number) in client.get(f"{LINKS.of_number(number)}/print").text


def test_the_list_for_what_was_chosen_is_kept_and_shown(client: FlaskClient, engine: Engine, talk: Talk) -> None:
    url = LINKS.of_subject(ITEM, talk.catalogue.hash)
    for chosen in ({"by-agent": "yes", "low-income": "no"}, {"low-income": "no", "by-agent": "yes", "made-up": "x"}):
        answer = client.post(f"{url}/list", data=chosen)
        assert answer.status_code == 303
        page = client.get(answer.location)
        assert "替办人的居民身份证" in page.text
        assert "低保等困难身份的认定信息" not in page.text
    with engine.connect() as connection:
        (number,) = connection.execute(text("SELECT id FROM notices")).scalars()
        told = service.find(connection, PRIVACY, number)
    assert told
    assert (told.notice, told.times_told) == (
        Notice("consultation", ITEM, {"by-agent": "yes", "low-income": "no"}),
        2,
    )


def test_answers_are_sealed_in_the_database(client: FlaskClient, engine: Engine, talk: Talk) -> None:
    client.post(f"{LINKS.of_subject(ITEM, talk.catalogue.hash)}/list", data={"by-agent": "yes"})
    with engine.connect() as connection:
        row = connection.execute(text("SELECT n::text, answers_sealed FROM notices n")).one()
    assert b"by-agent" not in bytes(row[1])
    assert "by-agent" not in row[0]


def test_health_is_listed_by_only_with_the_persons_consent(client: FlaskClient, engine: Engine, talk: Talk) -> None:
    guide = talk.catalogue.guides["minimum-living-allowance"]
    sensitive = next(situation for situation in guide.situations if situation.sensitive)
    url = f"{LINKS.of_subject(guide.id, talk.catalogue.hash)}/list"
    refused, agreed = ({sensitive.id: "yes", **consent} for consent in ({}, {"consent": "yes"}))
    assert f"{sensitive.question}有" not in client.get(client.post(url, data=refused).location).text
    assert f"{sensitive.question}有" in client.get(client.post(url, data=agreed).location).text


def test_what_is_not_known_stays_on_the_list(client: FlaskClient, talk: Talk) -> None:
    url = LINKS.of_subject(ITEM, talk.catalogue.hash)
    page = client.get(client.post(f"{url}/list", data={"by-agent": "", "low-income": "nonsense"}).location)
    assert "替办人的居民身份证" in page.text
    assert "低保等困难身份的认定信息" in page.text


def test_a_list_made_by_whoever_holds_the_link_is_nobodys(client: FlaskClient, engine: Engine, talk: Talk) -> None:
    with engine.begin() as connection:
        resident = people.enter(connection, PRIVACY, account="gh", openid="resident", at=NOW).id
        number = service.tell(
            connection,
            PRIVACY,
            Notice("consultation", ITEM),
            catalogue_hash=talk.catalogue.hash,
            resident_id=resident,
            at=NOW,
        )
    assert client.post(f"{LINKS.of_number(number)}/list", data={"by-agent": "yes"}).status_code == 303
    with engine.connect() as connection:
        owners = connection.execute(text("SELECT resident_id FROM notices ORDER BY id")).scalars().all()
    assert owners == [resident, None]


def test_who_is_not_eligible_is_told_so_on_the_page(client: FlaskClient, talk: Talk) -> None:
    url = LINKS.of_subject("marriage-registration", talk.catalogue.hash)
    page = client.get(client.post(f"{url}/list", data={"legal-age": "no"}).location)
    assert "暂时办不了" in page.text
    assert "您可以这样办" in page.text


def test_an_old_notice_shows_as_it_was_told_and_leads_to_what_holds_now(engine: Engine, talk: Talk) -> None:
    number = _told(engine, talk, Notice("consultation", ITEM))
    old = talk.catalogue
    changed = replace(old.guides[ITEM], fee="收一块钱")
    new = snapshot.seal(
        [*old.guides.values(), changed], old.sites.values(), old.divisions.values(), old.events.values()
    )
    with engine.begin() as connection:
        store.publish(connection, new, by="test", at=NOW)
    client = _client(engine, old, new)
    page = client.get(LINKS.of_number(number))
    assert "收一块钱" not in page.text
    newer = re.search(r'href="([^"]+)">看现在的办法', page.text)
    assert newer
    assert "收一块钱" in client.get(newer[1]).text
    assert "看现在的办法" not in client.get(LINKS.of_subject("senior-card", old.hash)).text, "only what changed"
    made = client.post(f"{LINKS.of_number(number)}/list", data={"by-agent": "yes"})
    assert "收一块钱" in client.get(made.location).text, "a list that is made now is told from what holds now"


def test_a_link_that_was_not_made_here_leads_to_a_kind_page(client: FlaskClient, talk: Talk) -> None:
    url = LINKS.of_subject("id-card-renew", talk.catalogue.hash)
    wrong = [
        url + "x",
        LINKS.of_subject("no-such-item", talk.catalogue.hash),
        LINKS.of_subject("id-card-renew", "f" * 64),
        LINKS.of_number(999_999),
        NoticeLinks("another secret", "").of_number(100_001),
    ]
    for link in wrong:
        for page in (client.get(link), client.get(f"{link}/print"), client.post(f"{link}/list")):
            assert page.status_code == 404
            assert "再问一遍" in page.text


def test_only_a_consultation_on_an_item_has_a_personal_list(client: FlaskClient, engine: Engine, talk: Talk) -> None:
    refused = _told(engine, talk, Notice("not_eligible", ITEM, {}, "还没到岁数", "到了岁数再来"))
    events = (LINKS.of_subject(event, talk.catalogue.hash) for event in talk.catalogue.events)
    for url in (LINKS.of_number(refused), *events):
        assert "<form" not in client.get(url).text
        assert client.post(f"{url}/list").status_code == 404
