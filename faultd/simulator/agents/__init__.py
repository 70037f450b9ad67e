"""The SNMP agents of the simulated OLTs: they answer requests from the same physics that sends the traps."""
