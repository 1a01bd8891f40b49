"""Questions handed to a person (人工)."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, LargeBinary, Table, Text

from citizen_bot.people.models import residents
from citizen_bot.platform.database import metadata

handovers = Table(
    "handovers",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("resident_id", BigInteger, ForeignKey(residents.c.id, ondelete="SET NULL")),
    Column("question_sealed", LargeBinary),
    Column("item", Text),
    Column("state", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("promised_at", DateTime(timezone=True), nullable=False),
)
