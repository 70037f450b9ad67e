"""The ledger: Events to disk before anyone acts on them, Changes recorded in order, one durable file."""
