"""The catalogue, residents and their messages, questions for a person, staff and agents."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE catalogue_versions (
            hash text PRIMARY KEY,
            content bytea NOT NULL,
            published_at timestamptz NOT NULL,
            published_by text NOT NULL
        );
        CREATE TABLE catalogue_current (
            "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
            hash text NOT NULL REFERENCES catalogue_versions,
            changed_at timestamptz NOT NULL
        );

        CREATE TABLE residents (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            lookup bytea NOT NULL UNIQUE,
            account text NOT NULL,
            openid_sealed bytea NOT NULL,
            conversation jsonb NOT NULL DEFAULT '{}',
            first_message_at timestamptz NOT NULL,
            last_message_at timestamptz NOT NULL
        );
        COMMENT ON COLUMN residents.lookup IS 'keyed blind index of (account, openid)';
        COMMENT ON COLUMN residents.openid_sealed IS 'encrypted under PRIVACY_KEYS';

        CREATE TABLE messages (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key bytea NOT NULL UNIQUE,
            resident_id bigint REFERENCES residents ON DELETE SET NULL,
            kind text NOT NULL,
            text text,
            received_at timestamptz NOT NULL,
            request_id text NOT NULL,
            intent text,
            item text,
            facet text,
            decision text,
            score real,
            candidates text[] NOT NULL DEFAULT '{}',
            catalogue_hash text,
            reply text,
            replied_at timestamptz
        );
        CREATE INDEX ix_messages_resident_id ON messages (resident_id);
        CREATE INDEX ix_messages_received_at ON messages (received_at);
        COMMENT ON COLUMN messages.key IS 'keyed digest of the message''s own key, the same for each repeat';
        COMMENT ON COLUMN messages.text IS 'with telephone and identity numbers masked';

        CREATE TABLE handovers (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            resident_id bigint REFERENCES residents ON DELETE SET NULL,
            question text,
            item text,
            state text NOT NULL CHECK (state IN ('waiting', 'answered', 'withdrawn')),
            asked_at timestamptz NOT NULL,
            promised_at timestamptz NOT NULL
        );
        CREATE UNIQUE INDEX uq_handovers_waiting ON handovers (resident_id) WHERE state = 'waiting';

        CREATE TABLE staff (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL UNIQUE,
            role text NOT NULL CHECK (role IN ('window', 'site_manager', 'complaint_handler', 'supervisor',
                                               'catalogue_editor', 'administrator')),
            site_code text,
            sample boolean NOT NULL DEFAULT false
        );
        CREATE TABLE agents (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL,
            division_code text NOT NULL,
            sample boolean NOT NULL DEFAULT false,
            UNIQUE (name, division_code)
        );

        GRANT SELECT ON ALL TABLES IN SCHEMA public TO citizen_bot_app;
        GRANT INSERT ON catalogue_versions TO citizen_bot_app;
        GRANT INSERT, UPDATE ON catalogue_current, messages, handovers, staff, agents TO citizen_bot_app;
        GRANT INSERT, UPDATE, DELETE ON residents TO citizen_bot_app;
        """
    )
