"""Addresses that the hosts of URLs lead to. Pure."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")


def names_address(host: str) -> bool:
    """True for a host that is an address in its usual form, or ``localhost`` (RFC 6761): nobody else decides where it leads.
    False for a name, and for the forms that only a resolver reads as an address, such as ``0x7f.1``."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return host.lower() == "localhost"
    return True


def is_public(text: str) -> bool:
    """True for a unicast address that any host of the Internet can reach. An IPv6 address that stands for an IPv4 address
    (mapped, 6to4, Teredo, NAT64) is what that one is. False for a text that is no address."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _embedded(address) if isinstance(address, IPv6Address) else None
    return _public(address) and (inner is None or _public(inner))


def _public(address: IPv4Address | IPv6Address) -> bool:
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    return (address.is_global or mapped) and not address.is_multicast


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
