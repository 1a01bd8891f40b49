"""What the worker does for visits by the clock. messages.py, imported here, says how notifications of them read.

Each may run twice, or two at once: what one has locked the other leaves alone.
"""

from citizen_bot.platform.database import retrying
from citizen_bot.platform.jobs import TaskContext, task
from citizen_bot.rules import Office
from citizen_bot.visits import messages, service

__all__ = ["messages", "pass_on", "tell_late", "tidy"]


@task("visits.pass_on", queue="visits", cron="* * * * *")
def pass_on(context: TaskContext) -> None:
    office = context.part(Office)
    retrying(context.engine, lambda connection: service.pass_on_unanswered(connection, office, context.clock.now()))


@task("visits.tell_late", queue="visits", cron="* * * * *")
def tell_late(context: TaskContext) -> None:
    office = context.part(Office)
    retrying(context.engine, lambda connection: service.tell_late(connection, office, context.clock.now()))


# 03:47 in Asia/Shanghai.
@task("visits.tidy", queue="visits", cron="47 19 * * *")
def tidy(context: TaskContext) -> None:
    """A visit is kept as long as an appointment."""
    keep_days = context.part(Office).rules.appointments.keep_days
    now = context.clock.now()
    retrying(context.engine, lambda connection: service.anonymise_old(connection, now, keep_days=keep_days))
