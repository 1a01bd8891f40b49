"""Staff are told that a resident waits for a person."""

import structlog
from sqlalchemy import select

from citizen_bot.channels.wecom import GroupRobot
from citizen_bot.handovers.models import handovers
from citizen_bot.handovers.service import NOTIFY_TASK
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.jobs import TaskContext, task

log = structlog.get_logger(__name__)

# A group's history stays and every member reads it: the message says that somebody waits, not who or what about.
TEXT = "有居民请人工答复（第{number}号）。{asked}提出，居民被告知的时间：{promised}。请值班人员处理。"


@task(NOTIFY_TASK, queue="notifications")
def notify_staff(context: TaskContext, *, handover_id: int) -> None:
    """Tells the staff's WeCom group; without a robot only the log. Raises WeComError for another attempt."""
    query = select(handovers.c.state, handovers.c.asked_at, handovers.c.promised_at).where(
        handovers.c.id == handover_id
    )
    with context.engine.connect() as connection:
        handover = connection.execute(query).one()
    if handover.state != "waiting":
        return
    if context.settings.wecom_robot_key is None:
        log.warning("a resident waits and no group robot is set", handover=handover_id)
        return
    asked, promised = (at.astimezone(SHANGHAI) for at in (handover.asked_at, handover.promised_at))
    robot = GroupRobot(context.settings.wecom_api_base, context.settings.wecom_robot_key)
    times = {"asked": f"{asked:%m月%d日%H:%M}", "promised": f"{promised:%m月%d日%H:%M}"}
    robot.send_text(TEXT.format(number=handover_id, **times))
