"""Notifications and their deliveries, and how people and groups are reached."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from citizen_bot.people.models import residents
from citizen_bot.platform.database import metadata

notifications = Table(
    "notifications",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Uuid, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("recipient_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("next_at", DateTime(timezone=True)),
    Column("sending_until", DateTime(timezone=True)),
    Column("answer_by", DateTime(timezone=True)),
    Column("answered_at", DateTime(timezone=True)),
    Column("passed_on_at", DateTime(timezone=True)),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("notification_id", BigInteger, ForeignKey(notifications.c.id), nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("unclear", SmallInteger, nullable=False),
    Column("code", Integer),
    Column("reason", Text),
    Column("remote_id", Text),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("resident_id", BigInteger, ForeignKey(residents.c.id, ondelete="CASCADE"), primary_key=True),
    Column("template_id", Text, primary_key=True),
    Column("accepted", Boolean, nullable=False),
    Column("times_left", Integer),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("site_code", Text),
    Column("address_sealed", LargeBinary, nullable=False),
    Column("secret_sealed", LargeBinary),
    Column("active", Boolean, nullable=False),
    Column("last_sent_at", DateTime(timezone=True)),
)
