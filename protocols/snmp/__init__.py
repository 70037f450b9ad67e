"""SNMP, sans-I/O: notifications of v1, v2c and v3; the User-based Security Model (``usm``); a manager's requests
(``manager``) and an agent's answers (``agent``).

The codec is strict about what one datagram may cost, and accepts the deviations of real equipment.
"""
