"""The summary of what is stuck, for the staff of the whole city."""

from citizen_bot.notifications.composing import Composition, Message, Recipient, composes
from citizen_bot.notifications.watching import stuck

STUCK = "notifications.stuck"


@composes(STUCK)
def summary(composition: Composition, day: int, recipient: Recipient) -> Message | None:
    """None where nothing is stuck (any more)."""
    found = stuck(composition.connection, composition.now)
    if not found:
        return None
    say = composition.say
    counts = {"open": found.open, "failed": found.failed, "unanswered": found.unanswered}
    lines = tuple((say(f"notification_stuck_{name}"), str(count)) for name, count in counts.items() if count)
    return Message(say("notification_stuck_title"), say("notification_stuck", **counts), lines, payload=counts)
