"""Real parts, started once and shared: PostgreSQL, Valkey, and the whole service."""
