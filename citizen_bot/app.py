"""Where the parts meet: settings in, a Flask application out. Nothing else knows all of them."""

from flask import Flask

from citizen_bot.settings import Settings


def create_app(settings: Settings) -> Flask:
    """Builds the web application. Opens no connection and starts no thread before the first use."""
    return Flask("citizen_bot")
