"""Addresses as people write them in a configuration or in a topology."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def canonical_address(written: str) -> str | None:
    """An IP address as the trap listener writes a source, so that every spelling is one: an IPv4 address that is mapped into
    IPv6 is the IPv4 address, and the zone of a link-local address, which names the host's own interface, is left out. None
    when it is no IP address."""
    try:
        address: IPv4Address | IPv6Address = ip_address(written.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)


def needs_zone(address: str) -> bool:
    """True for a link-local IPv6 address without the interface through which alone it can be reached."""
    if ":" not in address:
        return False
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return isinstance(parsed, IPv6Address) and parsed.is_link_local and parsed.scope_id is None


def is_of_one_host(address: str) -> bool:
    """False for a canonical address that no single device can have: multicast, broadcast, 0.0.0.0 and ::."""
    found = ip_address(address)
    return not (found.is_multicast or found.is_unspecified or address == "255.255.255.255")


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
