"""Hours with their seats, appointments, what happened to them, and closed days."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from citizen_bot.people.models import residents
from citizen_bot.platform.database import metadata

slots = Table(
    "slots",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("site_code", Text, nullable=False),
    Column("window_id", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("extended", Boolean, nullable=False),
)

seats = Table(
    "seats",
    metadata,
    Column("slot_id", BigInteger, ForeignKey(slots.c.id), primary_key=True),
    Column("seat_no", SmallInteger, primary_key=True),
)

closures = Table(
    "closures",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("site_code", Text, nullable=False),
    Column("window_id", Text),
    Column("day", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=False),
)

appointments = Table(
    "appointments",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("state", Text, nullable=False),
    Column("slot_id", BigInteger, ForeignKey(slots.c.id), nullable=False),
    Column("seat_no", SmallInteger),
    Column("resident_id", BigInteger, ForeignKey(residents.c.id, ondelete="SET NULL")),
    Column("item", Text, nullable=False),
    Column("catalogue_hash", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("person_index", LargeBinary),
    Column("name_sealed", LargeBinary),
    Column("name_index", LargeBinary),
    Column("phone_sealed", LargeBinary),
    Column("phone_index", LargeBinary),
    Column("phone_tail_index", LargeBinary),
    Column("moves", SmallInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("held_until", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

appointment_events = Table(
    "appointment_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("appointment_id", BigInteger, ForeignKey(appointments.c.id), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason_sealed", LargeBinary),
    Column("slot_id", BigInteger, ForeignKey(slots.c.id)),
)
