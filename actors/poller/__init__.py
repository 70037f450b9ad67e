"""Polls devices by SNMP and reports what changed."""
