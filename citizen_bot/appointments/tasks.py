"""What the worker does for appointments by the clock."""

from citizen_bot.appointments import service
from citizen_bot.platform.database import retrying
from citizen_bot.platform.jobs import TaskContext, task
from citizen_bot.rules import Office


# The hour of reminders is the office's (rules.yaml), so the service looks at it; who was told is not told again.
@task("appointments.remind", queue="housekeeping", cron="*/10 * * * *")
def remind(context: TaskContext) -> None:
    office = context.part(Office)
    retrying(context.engine, lambda connection: service.remind(connection, office, context.clock.now()))


# 03:41 in Asia/Shanghai.
@task("appointments.tidy", queue="housekeeping", cron="41 19 * * *")
def tidy(context: TaskContext) -> None:
    office = context.part(Office)
    retrying(context.engine, lambda connection: service.anonymise_old(connection, office, context.clock.now()))
