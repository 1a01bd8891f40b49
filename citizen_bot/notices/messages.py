"""How a resident is told of a notice that staff issued."""

from citizen_bot.catalog import store
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.notices.service import ISSUED, find
from citizen_bot.notices.text import lay_out
from citizen_bot.notifications.composing import Composition, Message, Recipient, composes
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.numbers import spell_number


@composes(ISSUED)
def told(composition: Composition, number: int, recipient: Recipient) -> Message | None:
    """Title, number and the page with everything; None for a notice that is not (or no longer) the resident's."""
    notice = find(composition.connection, composition.office.privacy, number)
    if notice is None or notice.resident_id is None:
        return None
    catalogue = composition.catalogue
    if catalogue.hash != notice.catalogue_hash:
        catalogue = store.load(composition.connection, notice.catalogue_hash)
    say = composition.say
    title = lay_out(catalogue, notice.notice, say).title
    page = None
    if composition.secret_key:
        page = NoticeLinks(composition.secret_key, composition.link("")).of_number(number)
    words = {"title": title, "number": spell_number(number)}
    told_at = notice.last_told_at.astimezone(SHANGHAI)
    return Message(
        title=say("notification_notice_title"),
        text=say("notification_notice", **words) + ("" if page is None else say("notification_notice_page", page=page)),
        lines=(
            (say("notification_notice_line_title"), title),
            (say("notification_notice_line_number"), words["number"]),
        ),
        url=page,
        template="notice_told",
        fields={"item": title, "number": words["number"], "time": f"{told_at:%Y年%m月%d日 %H:%M}"},
        payload={"code": words["number"], "kind": notice.notice.kind, "item": notice.notice.subject},
    )
