"""The User-based Security Model of SNMPv3 (RFC 3414, 3826, 7860), sans-I/O: time is an argument, and so is where salts begin.

Whoever receives traps and whoever asks agents use the same keys, messages and engine clocks.
"""
