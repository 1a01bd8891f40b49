"""What the worker does for notifications: sends them, and every minute looks after those that are left behind."""

import structlog

from citizen_bot.notifications import service, watching
from citizen_bot.notifications.composing import Compositions
from citizen_bot.notifications.messages import STUCK
from citizen_bot.notifications.robots import Robots
from citizen_bot.notifications.sending import Sender
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.jobs import TaskContext, task
from citizen_bot.rules import Office

log = structlog.get_logger(__name__)


@task(service.SEND_TASK, queue=service.QUEUE)
def send(context: TaskContext, *, notification_id: int) -> None:
    context.part(Sender).send(notification_id)


@task(service.FLUSH_TASK, queue=service.QUEUE)
def flush_robot(context: TaskContext, *, endpoint_id: int) -> None:
    context.part(Robots).flush(endpoint_id)


@task(service.REPORT_TASK, queue=service.QUEUE)
def note_report(context: TaskContext, *, msgid: str, ok: bool, blocked: bool) -> None:
    with context.engine.begin() as connection:
        service.apply_report(connection, msgid, ok=ok, blocked=blocked, now=context.clock.now())


@task("notifications.find_lost", queue="housekeeping", cron="* * * * *")
def find_lost(context: TaskContext) -> None:
    with context.engine.begin() as connection:
        watching.find_lost(connection, context.clock.now())


@task("notifications.pass_on", queue="housekeeping", cron="* * * * *")
def pass_on(context: TaskContext) -> None:
    watching.pass_on(context.engine, context.part(Compositions), context.clock)


@task("notifications.alarm", queue="housekeeping", cron="* * * * *")
def alarm(context: TaskContext) -> None:
    """Every minute, for as long as it lasts: what is told once and scrolls away is not mended."""
    with context.engine.connect() as connection:
        found = watching.stuck(connection, context.clock.now())
    if found:
        log.error("notifications are stuck", open=found.open, failed=found.failed, unanswered=found.unanswered)


# 08:35 in Asia/Shanghai.
@task("notifications.summarise", queue="housekeeping", cron="35 0 * * *")
def summarise(context: TaskContext) -> None:
    """Tells the whole city's staff in the morning of a working day what is stuck."""
    now = context.clock.now()
    today = now.astimezone(SHANGHAI).date()
    if not context.part(Office).calendar.is_working_day(today):
        return
    with context.engine.begin() as connection:
        if watching.stuck(connection, now):
            recipients = service.city_recipients(connection)
            service.tell(connection, STUCK, today.toordinal(), recipients, occasion=str(today), at=now)
