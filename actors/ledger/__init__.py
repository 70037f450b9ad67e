"""The ledger: one durable file. Events are on disk before anyone acts on them; Changes are recorded in order."""
