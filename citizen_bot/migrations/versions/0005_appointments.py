"""Hours with their seats, appointments, what happened to them, and closed days.

An appointment that is not given back points to its seat, and a seat to at most one appointment: no hour can hold more
than it has, whatever the program does.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE slots (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            site_code text NOT NULL,
            window_id text NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
            extended boolean NOT NULL,
            UNIQUE (site_code, window_id, starts_at)
        );
        CREATE TABLE seats (
            slot_id bigint NOT NULL REFERENCES slots,
            seat_no smallint NOT NULL CHECK (seat_no >= 1),
            PRIMARY KEY (slot_id, seat_no)
        );
        CREATE TABLE closures (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            site_code text NOT NULL,
            window_id text,
            day date NOT NULL,
            reason text NOT NULL,
            closed_by text NOT NULL,
            closed_at timestamptz NOT NULL,
            UNIQUE NULLS NOT DISTINCT (site_code, window_id, day)
        );
        COMMENT ON COLUMN closures.window_id IS 'null: the whole site';

        CREATE TABLE appointments (
            id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10001) PRIMARY KEY,
            state text NOT NULL CHECK (state IN ('pending', 'booked', 'arrived', 'done', 'no_show', 'cancelled',
                                                 'expired')),
            slot_id bigint NOT NULL REFERENCES slots,
            seat_no smallint,
            resident_id bigint REFERENCES residents ON DELETE SET NULL,
            item text NOT NULL,
            catalogue_hash text NOT NULL REFERENCES catalogue_versions,
            via text NOT NULL CHECK (via IN ('wechat', 'window', 'phone')),
            person_index bytea,
            name_sealed bytea,
            name_index bytea,
            phone_sealed bytea,
            phone_index bytea,
            phone_tail_index bytea,
            moves smallint NOT NULL DEFAULT 0,
            created_at timestamptz NOT NULL,
            held_until timestamptz,
            changed_at timestamptz NOT NULL,
            FOREIGN KEY (slot_id, seat_no) REFERENCES seats,
            UNIQUE (slot_id, seat_no),
            CHECK ((seat_no IS NULL) = (state IN ('cancelled', 'expired'))),
            CHECK ((held_until IS NOT NULL) = (state = 'pending')),
            CHECK (state NOT IN ('booked', 'arrived') OR person_index IS NOT NULL)
        );
        CREATE UNIQUE INDEX uq_appointments_pending ON appointments (resident_id) WHERE state = 'pending';
        CREATE INDEX ix_appointments_resident_id ON appointments (resident_id);
        CREATE INDEX ix_appointments_person_index ON appointments (person_index);
        CREATE INDEX ix_appointments_slot_id ON appointments (slot_id);
        CREATE INDEX ix_appointments_phone_index ON appointments (phone_index);
        CREATE INDEX ix_appointments_phone_tail_index ON appointments (phone_tail_index);
        CREATE INDEX ix_appointments_name_index ON appointments (name_index);
        COMMENT ON COLUMN appointments.person_index IS
            'keyed blind index of the person served: account and name, without an account phone and name; null once '
            'its time to be kept is over, like all that tells of the person';
        COMMENT ON COLUMN appointments.name_sealed IS 'encrypted under PRIVACY_KEYS, like phone_sealed';
        COMMENT ON COLUMN appointments.phone_tail_index IS 'keyed blind index of the last four digits';

        CREATE TABLE appointment_events (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            appointment_id bigint NOT NULL REFERENCES appointments,
            at timestamptz NOT NULL,
            event text NOT NULL,
            actor text NOT NULL,
            reason_sealed bytea,
            slot_id bigint REFERENCES slots
        );
        CREATE INDEX ix_appointment_events_appointment_id ON appointment_events (appointment_id);
        COMMENT ON COLUMN appointment_events.actor IS 'resident, system, or who of the staff';

        GRANT SELECT, INSERT ON slots, seats, closures, appointment_events TO citizen_bot_app;
        -- Only to take the words out of what is old.
        GRANT UPDATE (reason_sealed) ON appointment_events TO citizen_bot_app;
        GRANT DELETE ON closures TO citizen_bot_app;
        -- Locking an hour needs it.
        GRANT UPDATE (extended) ON slots TO citizen_bot_app;
        GRANT SELECT, INSERT, UPDATE ON appointments TO citizen_bot_app;
        """
    )
