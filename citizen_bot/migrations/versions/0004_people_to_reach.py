"""How staff and agents are reached, what WeChat allows towards a resident, and questions for a person sealed (what was
kept of them in the clear goes)."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE staff ADD COLUMN wecom_userid text, ADD COLUMN active boolean NOT NULL DEFAULT true;
        CREATE INDEX ix_staff_site_code ON staff (site_code) WHERE active;

        ALTER TABLE agents
            ADD COLUMN items text[] NOT NULL DEFAULT '{}',
            ADD COLUMN office_hours text,
            ADD COLUMN phone_sealed bytea,
            ADD COLUMN wecom_userid text,
            ADD COLUMN resident_id bigint UNIQUE REFERENCES residents ON DELETE SET NULL,
            ADD COLUMN binding_code_index bytea UNIQUE,
            ADD COLUMN binding_until timestamptz,
            ADD COLUMN active boolean NOT NULL DEFAULT true,
            ADD CHECK ((binding_code_index IS NULL) = (binding_until IS NULL));
        CREATE INDEX ix_agents_division_code ON agents (division_code) WHERE active;
        COMMENT ON COLUMN agents.items IS 'ids of the items taken; empty: every item';
        COMMENT ON COLUMN agents.office_hours IS 'public, like name, items and phone';
        COMMENT ON COLUMN agents.phone_sealed IS 'encrypted under PRIVACY_KEYS';
        COMMENT ON COLUMN agents.resident_id IS 'the own WeChat, bound by a one-time code';
        COMMENT ON COLUMN agents.binding_code_index IS 'keyed blind index of the one-time code, null once used';

        ALTER TABLE residents
            ADD COLUMN service_left smallint NOT NULL DEFAULT 0,
            ADD COLUMN service_until timestamptz;
        COMMENT ON COLUMN residents.service_left IS 'customer-service messages that WeChat still allows';
        COMMENT ON COLUMN residents.service_until IS 'until when; 48 hours after the last message';

        ALTER TABLE handovers DROP COLUMN question, ADD COLUMN question_sealed bytea;
        COMMENT ON COLUMN handovers.question_sealed IS
            'encrypted under PRIVACY_KEYS, with telephone and identity numbers masked';

        CREATE TABLE consents (
            resident_id bigint NOT NULL REFERENCES residents ON DELETE CASCADE,
            template_id text NOT NULL,
            accepted boolean NOT NULL,
            times_left integer CHECK (times_left >= 0),
            changed_at timestamptz NOT NULL,
            PRIMARY KEY (resident_id, template_id)
        );
        COMMENT ON COLUMN consents.times_left IS 'notifications that may still be sent; null: any number (long-term)';

        CREATE TABLE endpoints (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL CHECK (kind IN ('robot', 'webhook')),
            name text NOT NULL UNIQUE,
            site_code text,
            address_sealed bytea NOT NULL,
            secret_sealed bytea,
            active boolean NOT NULL DEFAULT true,
            last_sent_at timestamptz,
            CHECK ((kind = 'webhook') = (secret_sealed IS NOT NULL))
        );
        COMMENT ON COLUMN endpoints.site_code IS 'whose matters it is told of; null: every site without one of its own';
        COMMENT ON COLUMN endpoints.address_sealed IS
            'the robot''s key or the webhook''s URL, encrypted under PRIVACY_KEYS';

        GRANT SELECT, INSERT, UPDATE, DELETE ON consents TO citizen_bot_app;
        GRANT SELECT, INSERT, UPDATE ON endpoints TO citizen_bot_app;
        """
    )
