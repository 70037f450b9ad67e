"""The agent's side of SNMP v1, v2c and v3, sans-I/O: a request's octets in, the answer's octets out.

The simulated devices use it. OIDs are content octets and values are elements, as in ``manager``; nothing here fills the caches
of the trap path.
"""
