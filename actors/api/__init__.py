"""The REST API: operators' commands go through the ledger, history is read from PostgreSQL."""
