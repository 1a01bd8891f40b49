"""Residents, staff and agents as rows."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from citizen_bot.platform.database import metadata

residents = Table(
    "residents",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("lookup", LargeBinary, nullable=False, unique=True),
    Column("account", Text, nullable=False),
    Column("openid_sealed", LargeBinary, nullable=False),
    Column("conversation_sealed", LargeBinary),
    Column("first_message_at", DateTime(timezone=True), nullable=False),
    Column("last_message_at", DateTime(timezone=True), nullable=False),
    Column("service_left", SmallInteger, nullable=False),
    Column("service_until", DateTime(timezone=True)),
)

staff = Table(
    "staff",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("site_code", Text),
    Column("wecom_userid", Text),
    Column("active", Boolean, nullable=False),
    Column("sample", Boolean, nullable=False),
)

agents = Table(
    "agents",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("division_code", Text, nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("office_hours", Text),
    Column("phone_sealed", LargeBinary),
    Column("wecom_userid", Text),
    Column("resident_id", BigInteger, ForeignKey(residents.c.id, ondelete="SET NULL")),
    Column("binding_code_index", LargeBinary),
    Column("binding_until", DateTime(timezone=True)),
    Column("active", Boolean, nullable=False),
    Column("sample", Boolean, nullable=False),
)
