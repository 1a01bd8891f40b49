"""By which channels a person or a webhook is reached at this moment, in the order in which they are tried."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from redis import Redis
from sqlalchemy import ColumnElement, Connection, and_, literal, or_, select, true, update

from citizen_bot.channels.errors import ChannelError
from citizen_bot.channels.webhook import SignedWebhook
from citizen_bot.channels.wechat import TEXT_LIMIT, OfficialAccount
from citizen_bot.channels.wecom import Application, GroupRobot
from citizen_bot.notifications.composing import Composition, Message, Recipient
from citizen_bot.notifications.models import consents, endpoints
from citizen_bot.notifications.templates import Template, Templates
from citizen_bot.people.models import agents, residents, staff
from citizen_bot.platform.clock import Clock
from citizen_bot.settings import Settings

NOBODY = 81013


@dataclass(frozen=True, slots=True)
class Channels:
    """The clients of a process. `application` is None where the settings have none; the others are made per address."""

    account: OfficialAccount
    application: Application | None
    robot: Callable[[str], GroupRobot]
    webhook: Callable[[str, str], SignedWebhook]

    @classmethod
    def of(cls, settings: Settings, redis: Redis | None, clock: Clock) -> "Channels":
        corp_id, agent_id, secret = settings.wecom_corp_id, settings.wecom_agent_id, settings.wecom_secret
        application = None
        if corp_id is not None and agent_id is not None and secret is not None:
            application = Application(settings.wecom_api_base, corp_id, agent_id, secret, redis, clock=clock)
        account = OfficialAccount(
            settings.wechat_api_base, settings.wechat_app_id, settings.wechat_app_secret, redis, clock=clock
        )

        @functools.lru_cache(64)
        def robot(key: str) -> GroupRobot:
            return GroupRobot(settings.wecom_api_base, key, redis, clock=clock)

        @functools.lru_cache(64)
        def webhook(url: str, secret: str) -> SignedWebhook:
            return SignedWebhook(url, secret, clock=clock)

        return cls(account, application, robot, webhook)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One notification on its way. `key` goes with every attempt, `at` is when it came to be."""

    id: int
    key: str
    kind: str
    subject_id: int
    recipient: Recipient
    at: datetime


class Allowance(Protocol):
    """What WeChat still allows towards a resident, as it is counted in the database."""

    def spend(self, connection: Connection) -> bool:
        """Takes one. False where none is left."""
        ...

    def give_back(self, connection: Connection) -> None:
        """Nothing was sent."""
        ...

    def use_up(self, connection: Connection) -> None:
        """WeChat says that there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """One channel to the recipient. `send` returns the channel's own number of the message, where it has one.

    `repeatable`: the channel itself drops a repeat.
    """

    channel: str
    send: Callable[[], str | None]
    repeatable: bool
    allowance: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """`ways` in the order to try them. `waits`: what cannot be sent may wait for the person's next message. `gone`:
    there is nobody any more."""

    ways: Iterator[Way]
    waits: bool = False
    gone: bool = False


class Ways:
    def __init__(self, channels: Channels, templates: Templates) -> None:
        self._channels = channels
        self._templates = templates

    def to(self, composition: Composition, parcel: Parcel, message: Message) -> Reach:
        recipient = parcel.recipient
        find = {"resident": self._to_resident, "agent": self._to_agent, "staff": self._to_staff}
        return find.get(recipient.kind, self._to_webhook)(composition, parcel, message, recipient.id)

    def _to_resident(self, composition: Composition, parcel: Parcel, message: Message, resident_id: int) -> Reach:
        query = select(residents.c.openid_sealed, residents.c.service_until).where(residents.c.id == resident_id)
        resident = composition.connection.execute(query).one_or_none()
        if resident is None:
            return Reach(iter(()), gone=True)
        openid = composition.office.privacy.open(resident.openid_sealed)
        window = _ServiceWindow(resident_id, resident.service_until, composition.now)
        return Reach(self._to_openid(parcel, message, openid, window), waits=True)

    def _to_openid(self, parcel: Parcel, message: Message, openid: str, window: "_ServiceWindow") -> Iterator[Way]:
        text = functools.partial(self._channels.account.send_text, openid, _cut(message.text))
        yield Way("service", text, repeatable=False, allowance=window)
        for template in self._templates.of(message.template):
            yield self._templated(template, parcel, message, openid, window.resident_id)

    def _templated(self, template: Template, parcel: Parcel, message: Message, openid: str, resident_id: int) -> Way:
        fields = template.fill(message.fields)
        account = self._channels.account
        if template.kind == "template":
            send: Callable[[], str | None] = functools.partial(
                account.send_template, openid, template.id, fields, url=message.url, client_msg_id=parcel.key
            )
            return Way(f"template:{template.id}", send, repeatable=True)
        subscription = functools.partial(account.send_subscription, openid, template.id, fields, page=message.url)
        consent = _Consent(resident_id, template.id, 0 if template.long_term else 1)
        return Way(f"subscription:{template.id}", subscription, repeatable=False, allowance=consent)

    def _to_agent(self, composition: Composition, parcel: Parcel, message: Message, agent_id: int) -> Reach:
        """By the own WeChat where it is bound; else, and where that does not reach, by WeCom."""
        query = select(agents.c.resident_id, agents.c.wecom_userid).where(agents.c.id == agent_id, agents.c.active)
        agent = composition.connection.execute(query).one_or_none()
        if agent is None:
            return Reach(iter(()))
        bound = Reach(iter(()))
        if agent.resident_id is not None:
            bound = self._to_resident(composition, parcel, message, agent.resident_id)
        member = self._to_member(composition, parcel, message, agent.wecom_userid)
        return Reach((way for ways in (bound.ways, member) for way in ways), waits=bound.waits)

    def _to_staff(self, composition: Composition, parcel: Parcel, message: Message, staff_id: int) -> Reach:
        query = select(staff.c.wecom_userid).where(staff.c.id == staff_id, staff.c.active)
        userid = composition.connection.execute(query).scalar()
        return Reach(self._to_member(composition, parcel, message, userid))

    def _to_member(
        self, composition: Composition, parcel: Parcel, message: Message, userid: str | None
    ) -> Iterator[Way]:
        application = self._channels.application
        if application is None or userid is None:
            return
        # WeCom knows a repeat by its whole content: the key makes it that of this notification.
        url = f"{message.url or composition.link('/')}#{parcel.key}"
        description = "\n".join(f"{name}：{value}" for name, value in message.lines) or message.text
        card = functools.partial(
            application.send_card,
            [userid],
            title=message.title,
            description=description,
            url=url,
            button=composition.say("notification_open"),
        )
        yield Way("wecom", functools.partial(_reaching, card), repeatable=True)

    def _to_webhook(self, composition: Composition, parcel: Parcel, message: Message, endpoint_id: int) -> Reach:
        query = select(endpoints.c.address_sealed, endpoints.c.secret_sealed).where(
            endpoints.c.id == endpoint_id, endpoints.c.active, endpoints.c.kind == "webhook"
        )
        endpoint = composition.connection.execute(query).one_or_none()
        if endpoint is None:
            return Reach(iter(()))
        privacy = composition.office.privacy
        webhook = self._channels.webhook(privacy.open(endpoint.address_sealed), privacy.open(endpoint.secret_sealed))
        payload = {"kind": parcel.kind, "subject": parcel.subject_id, **message.payload}
        send = functools.partial(webhook.send, parcel.key, parcel.kind, payload, parcel.at)
        return Reach(iter([Way("webhook", send, repeatable=True)]))


def _reaching(card: Callable[[], frozenset[str]]) -> None:
    """WeCom says yes to a member whom it cannot reach, and names them."""
    if card():
        raise ChannelError("the member cannot be reached", kind="refused", code=NOBODY)


def _cut(text: str) -> str:
    content = text.encode()
    if len(content) <= TEXT_LIMIT:
        return text
    return content[: TEXT_LIMIT - len("…".encode())].decode(errors="ignore") + "…"


@dataclass(frozen=True, slots=True)
class _ServiceWindow:
    """Customer-service messages until `until`. What is said of this window is not said of one that was opened since."""

    resident_id: int
    until: datetime | None
    now: datetime

    def spend(self, connection: Connection) -> bool:
        if self.until is None or self.until <= self.now:
            return False
        return self._set(connection, residents.c.service_left - 1, residents.c.service_left > 0)

    def give_back(self, connection: Connection) -> None:
        self._set(connection, residents.c.service_left + 1, true())

    def use_up(self, connection: Connection) -> None:
        self._set(connection, literal(0), true())

    def _set(self, connection: Connection, left: ColumnElement[Any], where: ColumnElement[bool]) -> bool:
        this = and_(residents.c.id == self.resident_id, residents.c.service_until == self.until, where)
        return connection.execute(update(residents).where(this).values(service_left=left)).rowcount == 1


@dataclass(frozen=True, slots=True)
class _Consent:
    """Notifications of one template. One message takes `each`: nothing of a long-term consent. Null, which is any
    number, stays so."""

    resident_id: int
    template_id: str
    each: int

    def spend(self, connection: Connection) -> bool:
        left = or_(consents.c.times_left.is_(None), consents.c.times_left >= self.each)
        return self._set(connection, and_(consents.c.accepted, left), times_left=consents.c.times_left - self.each)

    def give_back(self, connection: Connection) -> None:
        self._set(connection, consents.c.accepted, times_left=consents.c.times_left + self.each)

    def use_up(self, connection: Connection) -> None:
        self._set(connection, true(), accepted=False, times_left=0)

    def _set(self, connection: Connection, where: ColumnElement[bool], **values: Any) -> bool:
        this = and_(consents.c.resident_id == self.resident_id, consents.c.template_id == self.template_id, where)
        return connection.execute(update(consents).where(this).values(**values)).rowcount == 1
