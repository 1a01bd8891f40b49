"""The messages: key of each turn, question log, and the stored reply."""

from sqlalchemy import REAL, BigInteger, Column, DateTime, ForeignKey, Identity, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from citizen_bot.people.models import residents
from citizen_bot.platform.database import metadata

messages = Table(
    "messages",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", LargeBinary, nullable=False, unique=True),
    Column("resident_id", BigInteger, ForeignKey(residents.c.id, ondelete="SET NULL")),
    Column("kind", Text, nullable=False),
    Column("text_sealed", LargeBinary),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("request_id", Text, nullable=False),
    Column("intent", Text),
    Column("item", Text),
    Column("facet", Text),
    Column("decision", Text),
    Column("score", REAL),
    Column("candidates", ARRAY(Text), nullable=False),
    Column("catalogue_hash", Text),
    Column("reply_sealed", LargeBinary),
    Column("replied_at", DateTime(timezone=True)),
)
