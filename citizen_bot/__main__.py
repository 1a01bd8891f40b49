"""`python -m citizen_bot` is `citizen-bot`."""

from citizen_bot.cli import main

main()
