"""Notifications that every vendor sends alike (SNMPv2-MIB, IF-MIB)."""

from faultd.simulator.report import VendorNotification, integer

COLD_START = "1.3.6.1.6.3.1.1.5.1"
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
LINK_UP = "1.3.6.1.6.3.1.1.5.4"
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
IF_ADMIN_STATUS = "1.3.6.1.2.1.2.2.1.7"
IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"


def signed32(value: int) -> int:
    """The value as a 32-bit INTEGER: large ifIndex values arrive negative."""
    return value - (1 << 32) if value >= 1 << 31 else value


def cold_start() -> tuple[VendorNotification, ...]:
    return (VendorNotification(COLD_START),)


def link(if_index: int, *, down: bool, wanted: bool = True) -> tuple[VendorNotification, ...]:
    """linkDown or linkUp with its three varbinds (RFC 2863). ``wanted``: ifAdminStatus is up, nobody switched it off."""
    return (
        VendorNotification(
            LINK_DOWN if down else LINK_UP,
            (
                integer(f"{IF_INDEX}.{if_index}", signed32(if_index)),
                integer(f"{IF_ADMIN_STATUS}.{if_index}", 1 if wanted else 2),
                integer(f"{IF_OPER_STATUS}.{if_index}", 2 if down else 1),
            ),
        ),
    )
