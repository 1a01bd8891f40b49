"""`citizen-bot privacy`: the keys of personal data."""

import os

import click
from cryptography.fernet import InvalidToken

from citizen_bot.cli.database import DATABASE, address, explained
from citizen_bot.platform.privacy import Privacy
from citizen_bot.platform.resealing import reseal as reseal_columns
from citizen_bot.settings import Settings


@click.group()
def privacy() -> None:
    """The keys of personal data."""


@privacy.command()
@DATABASE
def reseal(database_url: str | None) -> None:
    """Seal everything under the first of PRIVACY_KEYS, so that the keys between it and the last can be taken away.

    The service may go on meanwhile; it must know all keys already.
    """
    settings = Settings.from_environment(os.environ)
    keys = Privacy(settings.privacy_keys)
    with explained("seal the data anew"):
        try:
            for column, count in reseal_columns(database_url or address(settings), keys):
                click.echo(f"{column} {count}")
        except InvalidToken:
            raise click.ClickException("PRIVACY_KEYS lacks a key that something is sealed under") from None
