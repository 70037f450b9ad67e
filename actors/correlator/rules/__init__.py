"""Rules: from what an operator writes to what becomes of alarms. See ``docs/rules.md`` for the language."""
