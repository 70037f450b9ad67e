"""Carries out SNMP operations against many agents over one UDP socket an address family."""
