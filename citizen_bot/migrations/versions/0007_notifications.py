"""Who is told what, by which channel, and whether it got there."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE notifications (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key uuid NOT NULL UNIQUE,
            kind text NOT NULL,
            subject_id bigint NOT NULL,
            occasion text NOT NULL,
            recipient text NOT NULL CHECK (recipient IN ('resident', 'staff', 'agent', 'endpoint')),
            recipient_id bigint NOT NULL,
            state text NOT NULL CHECK (state IN ('open', 'told', 'waiting', 'dropped', 'failed')),
            attempts smallint NOT NULL DEFAULT 0,
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            next_at timestamptz,
            sending_until timestamptz,
            answer_by timestamptz,
            answered_at timestamptz,
            passed_on_at timestamptz,
            UNIQUE (kind, subject_id, occasion, recipient, recipient_id)
        );
        CREATE INDEX ix_notifications_recipient ON notifications (recipient, recipient_id)
            WHERE state IN ('open', 'waiting', 'failed');
        CREATE INDEX ix_notifications_unfinished ON notifications (state, changed_at)
            WHERE state IN ('open', 'waiting', 'failed');
        CREATE INDEX ix_notifications_answer_by ON notifications (answer_by)
            WHERE answer_by IS NOT NULL AND answered_at IS NULL AND passed_on_at IS NULL;
        COMMENT ON COLUMN notifications.key IS 'idempotency key: goes with every attempt, the same each time';
        COMMENT ON COLUMN notifications.occasion IS
            'tells two messages of one kind on one subject apart; ends in /next-N for the Nth person it was passed to';
        COMMENT ON COLUMN notifications.state IS
            'waiting: shown with the resident''s next message; dropped: no longer true when it was to be sent; '
            'failed: given up, `citizen-bot notifications retry` sends it again';
        COMMENT ON COLUMN notifications.attempts IS 'since it is open; every failure counts, whatever its kind';
        COMMENT ON COLUMN notifications.changed_at IS 'when it came into this state';
        COMMENT ON COLUMN notifications.next_at IS 'not to be tried before, after a failed attempt';
        COMMENT ON COLUMN notifications.sending_until IS 'an attempt is under way; when its process must have ended';
        COMMENT ON COLUMN notifications.answer_by IS 'when the next person is told, unless somebody took it on';

        CREATE TABLE deliveries (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            notification_id bigint NOT NULL REFERENCES notifications,
            channel text NOT NULL,
            state text NOT NULL CHECK (state IN ('trying', 'sent', 'delivered', 'refused', 'failed')),
            attempts smallint NOT NULL DEFAULT 0,
            unclear smallint NOT NULL DEFAULT 0,
            code integer,
            reason text,
            remote_id text,
            changed_at timestamptz NOT NULL,
            UNIQUE (notification_id, channel)
        );
        CREATE INDEX ix_deliveries_remote_id ON deliveries (remote_id) WHERE remote_id IS NOT NULL;
        COMMENT ON COLUMN deliveries.state IS
            'sent: taken by the channel; delivered: reported as arrived; refused: the recipient cannot be reached so';
        COMMENT ON COLUMN deliveries.unclear IS 'attempts of which nobody knows whether they arrived';
        COMMENT ON COLUMN deliveries.remote_id IS 'the channel''s own number of the message';

        GRANT SELECT, INSERT, UPDATE ON notifications, deliveries TO citizen_bot_app;
        """
    )
