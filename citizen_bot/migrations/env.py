"""Alembic's entry: the connection comes from citizen_bot.platform.database.migrate, which holds the transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
