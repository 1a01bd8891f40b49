"""How staff are told that a resident waits for a person."""

from sqlalchemy import select

from citizen_bot.handovers.models import handovers
from citizen_bot.handovers.service import ASKED
from citizen_bot.notifications.composing import Composition, Message, Recipient, composes
from citizen_bot.platform.clock import spell_moment


# A group's history stays and every member reads it: the message says that somebody waits, not who or what about.
@composes(ASKED)
def asked(composition: Composition, handover_id: int, recipient: Recipient) -> Message | None:
    """None once the resident waits no longer."""
    query = select(handovers.c.state, handovers.c.asked_at, handovers.c.promised_at).where(
        handovers.c.id == handover_id
    )
    handover = composition.connection.execute(query).one()
    if handover.state != "waiting":
        return None
    say = composition.say
    asked_at, promised_at = spell_moment(handover.asked_at), spell_moment(handover.promised_at)
    text = say("handover_asked", number=handover_id, asked=asked_at, promised=promised_at)
    lines = (
        (say("handover_line_number"), say("handover_number", number=handover_id)),
        (say("handover_line_asked"), asked_at),
        (say("handover_line_promised"), promised_at),
    )
    payload = {
        "code": str(handover_id),
        "state": handover.state,
        "asked_at": handover.asked_at.isoformat(),
        "promised_at": handover.promised_at.isoformat(),
    }
    return Message(say("handover_title"), text, lines, payload=payload)
