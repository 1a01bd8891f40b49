import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue.talk import Talk
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.pages.routes import create_pages_blueprint
from citizen_bot.settings import data_folder
from citizen_bot.wordings import load_wordings

LINKS = NoticeLinks("secret", "")


@pytest.fixture
def client(talk: Talk) -> FlaskClient:
    def catalogue(prefix: str) -> Catalogue | None:
        return talk.catalogue if talk.catalogue.hash.startswith(prefix) else None

    app = Flask("test", static_folder=None)
    wordings = load_wordings(data_folder("intents"), data_folder("intents"))
    app.register_blueprint(create_pages_blueprint(catalogue=catalogue, links=LINKS, wordings=wordings))
    return app.test_client()


def test_every_notice_has_a_whole_page_that_needs_no_other_host(client: FlaskClient, talk: Talk) -> None:
    for guide in talk.catalogue.guides.values():
        page = client.get(LINKS.url(guide.id, talk.catalogue.hash))
        assert page.status_code == 200
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        for material in guide.materials:
            assert material.name in html.unescape(page.text)
        assert "None" not in page.text
        assert not re.search(r'(src|href)="(https?:)?//', page.text)


def test_a_link_that_was_not_made_here_leads_to_a_kind_page(client: FlaskClient, talk: Talk) -> None:
    url = LINKS.url("id-card-renew", talk.catalogue.hash)
    for wrong in (url + "x", LINKS.url("no-such-item", talk.catalogue.hash), LINKS.url("id-card-renew", "f" * 64)):
        page = client.get(wrong)
        assert page.status_code == 404
        assert "再问一遍" in page.text
