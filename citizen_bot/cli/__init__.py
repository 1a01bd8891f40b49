"""The command line. Results go to stdout, logs and libraries' banners to stderr.

Commands are imported when they are called, so that `citizen-bot --help` is quick.
"""

import importlib
from typing import Any

import click

from citizen_bot.documents import FaultyFiles
from citizen_bot.platform.telemetry.logs import configure_logging
from citizen_bot.settings import SettingsError

COMMANDS = {
    "up": "citizen_bot.cli.service:up",
    "web": "citizen_bot.cli.service:web",
    "worker": "citizen_bot.cli.service:worker",
    "release": "citizen_bot.cli.service:release",
    "match": "citizen_bot.cli.matching:match",
    "evaluate": "citizen_bot.cli.matching:evaluate",
    "talk": "citizen_bot.cli.talk:talk",
    "catalog": "citizen_bot.cli.catalog:catalog",
    "notices": "citizen_bot.cli.notices:notices",
    "privacy": "citizen_bot.cli.privacy:privacy",
    "appointments": "citizen_bot.cli.appointments:appointments",
    "notifications": "citizen_bot.cli.notifications:notifications",
    "staff": "citizen_bot.cli.people:staff",
    "agents": "citizen_bot.cli.people:agents",
    "visits": "citizen_bot.cli.visits:visits",
}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """What an editor or an operator can mend is told line by line, without a traceback."""
        try:
            return super().invoke(ctx)
        except (FaultyFiles, SettingsError) as error:
            for fault in error.faults:
                click.echo(str(fault), err=True)
            ctx.exit(1)


@click.group(cls=LazyGroup)
@click.version_option(package_name="citizen-bot")
def main() -> None:
    """The backend of a city's WeChat official account for grassroots government services."""
    configure_logging("WARNING")
