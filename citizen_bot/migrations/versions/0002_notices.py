"""Notices that were told."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE notices (
            id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
            same bytea NOT NULL UNIQUE,
            resident_id bigint REFERENCES residents ON DELETE SET NULL,
            kind text NOT NULL CHECK (kind IN ('consultation', 'application', 'not_eligible', 'supplement')),
            subject text NOT NULL,
            answers_sealed bytea NOT NULL,
            reason text,
            remedy text,
            missing text[] NOT NULL,
            due date,
            catalogue_hash text NOT NULL REFERENCES catalogue_versions,
            told_by text,
            first_told_at timestamptz NOT NULL,
            last_told_at timestamptz NOT NULL,
            times_told integer NOT NULL,
            CHECK ((kind = 'not_eligible') = (reason IS NOT NULL AND remedy IS NOT NULL)),
            CHECK ((kind = 'supplement') = (cardinality(missing) > 0 AND due IS NOT NULL))
        );
        CREATE INDEX ix_notices_resident_id ON notices (resident_id);
        COMMENT ON COLUMN notices.same IS 'keyed digest of what was told, to whom, by whom and from which catalogue';
        COMMENT ON COLUMN notices.answers_sealed IS 'JSON, encrypted under PRIVACY_KEYS: may tell of health';

        GRANT SELECT, INSERT ON notices TO citizen_bot_app;
        GRANT UPDATE (last_told_at, times_told) ON notices TO citizen_bot_app;
        """
    )
