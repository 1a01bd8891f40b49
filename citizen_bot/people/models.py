"""Residents, staff and agents as rows."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, LargeBinary, Table, Text

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
)

staff = Table(
    "staff",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("site_code", Text),
    Column("sample", Boolean, nullable=False),
)

agents = Table(
    "agents",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("division_code", Text, nullable=False),
    Column("sample", Boolean, nullable=False),
)
