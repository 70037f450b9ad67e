"""Source networks: whether an address is allowed, decided once an address."""

import ipaddress
from collections.abc import Iterable

_REMEMBERED = 65_536


class SourceCheck:
    """The ``allow`` networks, with a bounded cache of verdicts: devices repeat their address, forgers vary it."""

    def __init__(self, networks: Iterable[str]) -> None:
        parsed = [ipaddress.ip_network(network) for network in networks]
        self._networks = {version: [n for n in parsed if n.version == version] for version in (4, 6)}
        self._verdicts: dict[str, tuple[str, bool]] = {}

    def verdict(self, host: str) -> tuple[str, bool]:
        """The address in canonical form (no zone, no IPv4-mapped IPv6) and whether it is allowed."""
        known = self._verdicts.get(host)
        if known is None:
            if len(self._verdicts) >= _REMEMBERED:
                self._verdicts.clear()
            known = self._verdicts[host] = self._decide(host)
        return known

    def _decide(self, host: str) -> tuple[str, bool]:
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return str(address), any(address in network for network in self._networks[address.version])
