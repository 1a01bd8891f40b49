"""Notices that were told."""

from sqlalchemy import BigInteger, Column, Date, DateTime, ForeignKey, Identity, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from citizen_bot.people.models import residents
from citizen_bot.platform.database import metadata

notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("same", LargeBinary, nullable=False, unique=True),
    Column("resident_id", BigInteger, ForeignKey(residents.c.id, ondelete="SET NULL")),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("answers_sealed", LargeBinary, nullable=False),
    Column("reason", Text),
    Column("remedy", Text),
    Column("missing", ARRAY(Text), nullable=False),
    Column("due", Date),
    Column("catalogue_hash", Text, nullable=False),
    Column("told_by", Text),
    Column("first_told_at", DateTime(timezone=True), nullable=False),
    Column("last_told_at", DateTime(timezone=True), nullable=False),
    Column("times_told", Integer, nullable=False),
)
