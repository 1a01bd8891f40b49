"""Visits, what was taken over, and what happened."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
)

from citizen_bot.people.models import agents, residents, staff
from citizen_bot.platform.database import metadata

visits = Table(
    "visits",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("state", Text, nullable=False),
    Column("resident_id", BigInteger, ForeignKey(residents.c.id, ondelete="SET NULL")),
    Column("item", Text),
    Column("help", Text, nullable=False),
    Column("town_code", Text, nullable=False),
    Column("division_code", Text),
    Column("address_sealed", LargeBinary),
    Column("person_index", LargeBinary),
    Column("name_sealed", LargeBinary),
    Column("name_index", LargeBinary),
    Column("phone_sealed", LargeBinary),
    Column("phone_index", LargeBinary),
    Column("phone_tail_index", LargeBinary),
    Column("relation_sealed", LargeBinary),
    Column("comes_first", Boolean, nullable=False),
    Column("priority_sealed", LargeBinary),
    Column("wish_sealed", LargeBinary),
    Column("wished_from", Date),
    Column("wished_until", Date),
    Column("wished_period", Text),
    Column("mandate_sealed", LargeBinary),
    Column("mandate_agreed_at", DateTime(timezone=True), nullable=False),
    Column("assigned_to", Text, nullable=False),
    Column("agent_id", BigInteger, ForeignKey(agents.c.id)),
    Column("staff_id", BigInteger, ForeignKey(staff.c.id)),
    Column("answer_by", DateTime(timezone=True)),
    Column("coming_at", DateTime(timezone=True)),
    Column("visitor_code", Text, nullable=False),
    Column("hand_in_by", DateTime(timezone=True)),
    Column("overdue_at", DateTime(timezone=True)),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
# The columns that tell of a person.
PERSONAL = (
    "resident_id",
    "address_sealed",
    "person_index",
    "name_sealed",
    "name_index",
    "phone_sealed",
    "phone_index",
    "phone_tail_index",
    "relation_sealed",
    "priority_sealed",
    "wish_sealed",
    "mandate_sealed",
)

visit_receipts = Table(
    "visit_receipts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("visit_id", BigInteger, ForeignKey(visits.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("pieces", SmallInteger),
    Column("amount", Numeric(10, 2)),
    Column("taken_by", Text, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    Column("answer", Text),
    Column("answered_at", DateTime(timezone=True)),
)

visit_events = Table(
    "visit_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("visit_id", BigInteger, ForeignKey(visits.c.id), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason_sealed", LargeBinary),
)
