"""Addresses as people write them in a configuration."""


def split_bind(bind: str) -> tuple[str, int]:
    """``HOST:PORT`` or ``[V6]:PORT`` as host and port. Raises ValueError naming what is wrong."""
    host, colon, port = bind.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"bind: {bind!r} is not HOST:PORT")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"bind: {bind!r}: write an IPv6 address in brackets, [::1]:{port}")
    return host, int(port)
