"""Residents' words, the answers to them and the state of the talk are sealed: they may tell of health.

What was kept in the clear before cannot be sealed in SQL, and goes. Messages stay counted; a talk begins anew.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE messages DROP COLUMN text, DROP COLUMN reply,
            ADD COLUMN text_sealed bytea, ADD COLUMN reply_sealed bytea;
        COMMENT ON COLUMN messages.text_sealed IS
            'encrypted under PRIVACY_KEYS, with telephone and identity numbers masked';
        COMMENT ON COLUMN messages.reply_sealed IS 'encrypted under PRIVACY_KEYS';
        ALTER TABLE residents DROP COLUMN conversation, ADD COLUMN conversation_sealed bytea;
        COMMENT ON COLUMN residents.conversation_sealed IS 'JSON, encrypted under PRIVACY_KEYS; null is a new one';
        """
    )
