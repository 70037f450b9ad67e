"""SNMP v1 and v2c messages, sans-I/O: strict in their budget, liberal with what real equipment sends."""
