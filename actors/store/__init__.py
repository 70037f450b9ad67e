"""The store: applies the recorded Changes to PostgreSQL, each exactly once."""
