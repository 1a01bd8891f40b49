"""Home visits and what agents and staff do for a resident, with what was taken over.

Whoever asks for the same thing twice is found by the database: one open visit a person and item. Once a visit is
finished and its time is over, its personal columns are emptied.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE visits (
            id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10001) PRIMARY KEY,
            state text NOT NULL CHECK (state IN ('asked', 'accepted', 'on_the_way', 'taken_over', 'handed_in', 'done',
                                                 'declined', 'cancelled')),
            resident_id bigint REFERENCES residents ON DELETE SET NULL,
            item text,
            help text NOT NULL CHECK (help IN ('assist', 'act', 'collect', 'pay')),
            town_code text NOT NULL,
            division_code text,
            address_sealed bytea,
            person_index bytea,
            name_sealed bytea,
            name_index bytea,
            phone_sealed bytea,
            phone_index bytea,
            phone_tail_index bytea,
            relation_sealed bytea,
            comes_first boolean NOT NULL,
            priority_sealed bytea,
            wish_sealed bytea,
            wished_from date,
            wished_until date,
            wished_period text CHECK (wished_period IN ('am', 'pm')),
            mandate_sealed bytea,
            mandate_agreed_at timestamptz NOT NULL,
            assigned_to text NOT NULL CHECK (assigned_to IN ('agent', 'town')),
            agent_id bigint REFERENCES agents,
            staff_id bigint REFERENCES staff,
            answer_by timestamptz,
            coming_at timestamptz,
            visitor_code text NOT NULL CHECK (visitor_code ~ '^[0-9]{4}$'),
            hand_in_by timestamptz,
            overdue_at timestamptz,
            asked_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            CHECK ((assigned_to = 'agent') = (agent_id IS NOT NULL)),
            CHECK ((answer_by IS NOT NULL) = (state = 'asked')),
            CHECK (state <> 'taken_over' OR hand_in_by IS NOT NULL),
            CHECK (state IN ('done', 'declined', 'cancelled')
                   OR num_nulls(person_index, name_sealed, phone_sealed, address_sealed, mandate_sealed) = 0)
        );
        CREATE UNIQUE INDEX uq_visits_open ON visits (person_index, item) NULLS NOT DISTINCT
            WHERE state NOT IN ('done', 'declined', 'cancelled');
        CREATE INDEX ix_visits_resident_id ON visits (resident_id);
        CREATE INDEX ix_visits_answer_by ON visits (answer_by) WHERE state = 'asked';
        CREATE INDEX ix_visits_hand_in_by ON visits (hand_in_by) WHERE state = 'taken_over';
        CREATE INDEX ix_visits_agent_id ON visits (agent_id);
        CREATE INDEX ix_visits_town_code ON visits (town_code, state);
        CREATE INDEX ix_visits_phone_index ON visits (phone_index);
        CREATE INDEX ix_visits_changed_at ON visits (changed_at)
            WHERE state IN ('done', 'declined', 'cancelled') AND name_sealed IS NOT NULL;
        COMMENT ON COLUMN visits.help IS 'assist 帮办, act 代办, collect 代收, pay 代缴';
        COMMENT ON COLUMN visits.person_index IS
            'keyed blind index of the person served: account and name, without an account phone and name';
        COMMENT ON COLUMN visits.comes_first IS 'before those in their turn; why, is sealed in priority_sealed';
        COMMENT ON COLUMN visits.priority_sealed IS 'age, disability, illness or distance: may tell of health';
        COMMENT ON COLUMN visits.mandate_sealed IS 'what the resident agreed to, word for word, encrypted';
        COMMENT ON COLUMN visits.visitor_code IS 'what the visitor says at the door; the resident was told it';
        COMMENT ON COLUMN visits.overdue_at IS
            'when it was noticed that the town is late with its answer, or the papers with being handed in';

        CREATE TABLE visit_receipts (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            visit_id bigint NOT NULL REFERENCES visits,
            kind text NOT NULL CHECK (kind IN ('paper', 'money')),
            name_sealed bytea NOT NULL,
            pieces smallint CHECK (pieces >= 1),
            amount numeric(10, 2) CHECK (amount > 0),
            taken_by text NOT NULL,
            taken_at timestamptz NOT NULL,
            answer text CHECK (answer IN ('confirmed', 'disputed')),
            answered_at timestamptz,
            CHECK ((kind = 'paper') = (pieces IS NOT NULL)),
            CHECK ((kind = 'money') = (amount IS NOT NULL)),
            CHECK ((answer IS NULL) = (answered_at IS NULL))
        );
        CREATE INDEX ix_visit_receipts_visit_id ON visit_receipts (visit_id);
        COMMENT ON COLUMN visit_receipts.amount IS 'in yuan';
        COMMENT ON COLUMN visit_receipts.taken_by IS 'agent <id> or staff <id>';

        CREATE TABLE visit_events (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            visit_id bigint NOT NULL REFERENCES visits,
            at timestamptz NOT NULL,
            event text NOT NULL,
            actor text NOT NULL,
            reason_sealed bytea
        );
        CREATE INDEX ix_visit_events_visit_id ON visit_events (visit_id);
        COMMENT ON COLUMN visit_events.actor IS 'resident, system, agent <id>, staff <id>, or who wrote it down';

        GRANT SELECT, INSERT, UPDATE ON visits TO citizen_bot_app;
        GRANT SELECT, INSERT ON visit_receipts, visit_events TO citizen_bot_app;
        GRANT UPDATE (answer, answered_at) ON visit_receipts TO citizen_bot_app;
        -- The words of a reason may tell of a person and go with the person; what happened stays.
        GRANT UPDATE (reason_sealed) ON visit_events TO citizen_bot_app;
        """
    )
