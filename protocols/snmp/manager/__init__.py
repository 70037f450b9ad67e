"""The manager's side of SNMP v1, v2c and v3, sans-I/O: octets to send, octets received, and a deadline.

A ``Transaction`` carries one operation (``Get``, ``GetNext``, ``GetBulk``, ``Set``, ``Walk``) to one agent through a session
(``CommunitySession``, ``UsmSession``). Nothing here opens a socket or reads a clock; the caller matches datagrams to agents by
their source address. OIDs are content octets (``protocols.snmp.oid.encode_oid``), values are elements as received
(``value.decode_value``): nothing here fills the caches of the trap path.
"""
