"""An independent reading of the simulated traps: which alarms are open, from OIDs and varbinds alone."""

from collections.abc import Callable, Iterable

import pytest

from protocols.snmp.notification import Notification

E = "1.3.6.1.4.1."
PAIRS = {
    f"{E}2011.6.128.1.1.12.2.1.0.108": f"{E}2011.6.128.1.1.12.2.1.0.109",
    f"{E}2011.6.128.1.1.12.2.2.0.12": f"{E}2011.6.128.1.1.12.2.2.0.13",
    f"{E}2011.6.128.1.1.12.2.2.0.18": f"{E}2011.6.128.1.1.12.2.2.0.19",
    f"{E}2011.6.128.1.1.12.2.1.0.7": f"{E}2011.6.128.1.1.12.2.1.0.8",
    f"{E}2011.6.128.1.1.12.2.2.0.6": f"{E}2011.6.128.1.1.12.2.2.0.7",
    f"{E}2011.6.128.1.1.12.2.2.0.46": f"{E}2011.6.128.1.1.12.2.2.0.47",
    f"{E}2011.6.128.1.1.12.2.2.0.50": f"{E}2011.6.128.1.1.12.2.2.0.51",
    f"{E}2011.6.128.1.1.12.2.2.0.10": f"{E}2011.6.128.1.1.12.2.2.0.11",
    f"{E}2011.6.145.3.2.1.0.8": f"{E}2011.6.145.3.2.1.0.9",
    f"{E}2011.6.145.3.2.1.0.12": f"{E}2011.6.145.3.2.1.0.13",
    f"{E}3902.1012.3.45.103": f"{E}3902.1012.3.45.104",
    f"{E}3902.1012.3.45.105": f"{E}3902.1012.3.45.106",
    f"{E}3902.1012.3.45.119": f"{E}3902.1012.3.45.120",
    f"{E}3902.1012.3.45.109": f"{E}3902.1012.3.45.110",
    f"{E}3902.1012.3.45.184": f"{E}3902.1012.3.45.185",
    f"{E}2011.6.3.8.3.3.0.3": f"{E}2011.6.3.8.3.3.0.4",
    f"{E}2011.6.3.8.2.0.4": f"{E}2011.6.3.8.2.0.1",
    f"{E}3902.1012.3.45.101": f"{E}3902.1012.3.45.102",
    f"{E}3902.1012.3.45.123": f"{E}3902.1012.3.45.124",
    f"{E}3902.1012.3.45.161": f"{E}3902.1012.3.45.162",
    f"{E}3902.1015.2.2.2.17": f"{E}3902.1015.2.2.2.18",
    f"{E}3902.1015.3.2.4": f"{E}3902.1015.3.2.3",
    "1.3.6.1.6.3.1.1.5.3": "1.3.6.1.6.3.1.1.5.4",
}
RAISES = {clear: opened for opened, clear in PAIRS.items()}
HUAWEI_POWER_OFF = f"{E}2011.6.3.8.3.1.0.7"
VSOL_ALARM, VSOL_REGISTERED = f"{E}37950.1.1.5.10.13.6.1", "46"
VSOL_ENDS = {"44": "13", "45": "22", "47": "24"}
ZTE_REGISTERED = f"{E}3902.1012.3.45.165"
HUAWEI_STATES = {f"{E}2011.6.128.1.1.12.3.0.100", f"{E}2011.6.128.1.1.12.3.0.51"}
CALIX_ALARM = f"{E}6321.1.2.2.4.2.1"
BDCOM_STATE, BDCOM_GASP, BDCOM_OPTICS = f"{E}3320.10.3.7.2", f"{E}3320.10.3.8.2", f"{E}3320.10.3.6.3"
COLD_START = "1.3.6.1.6.3.1.1.5.1"
EVENTS = {
    f"{E}2011.6.3.10.9.1.0.1",
    f"{E}2011.6.22.2.2.0.1",
    f"{E}3902.1015.1.2.6.1",
    f"{E}3902.1015.190.6.2",
    f"{E}6321.1.2.2.4.2.4",
    f"{E}3320.9.188.6.1",
}
Key = tuple[object, ...]


def instance(notification: Notification) -> Key:
    """What tells subjects apart: the values of location varbinds, or the instance of the last of them."""
    binds = notification.varbinds
    if notification.trap_oid.startswith(f"{E}2011.6.128") or notification.trap_oid.startswith(
        (f"{E}2011.6.3", f"{E}2011.6.145")
    ):
        wanted = (
            ".6.3.3.1.1.1.",
            ".6.3.3.2.1.1.",
            ".6.3.3.4.1.1.",
            ".2.43.1.1.",
            ".2.41.1.1.",
            ".6.145.1.1.1.3.1.1.",
            ".2.2.1.1.",
        )
        return tuple(bind.value for bind in binds if any(part in bind.oid for part in wanted))
    last = binds[1 if len(binds) > 1 and "1012.3.28" in binds[1].oid else 0].oid
    return tuple(last.split(".")[-3:])


def canonical(oid: str) -> str:
    """ZTE's v1 traps become X.0.n by RFC 3584 where the MIB says X.n."""
    head, _, last = oid.rpartition(".")
    return f"{head.removesuffix('.0')}.{last}" if oid.startswith(f"{E}3902") else oid


def reading(notification: Notification) -> tuple[str, Key] | None:
    """("raise", "clear", or "back" for the end of all that an ONT has, and what), or None for an event. Fails for a trap that
    it does not know."""
    oid, binds = canonical(notification.trap_oid), notification.varbinds
    if oid in PAIRS:
        return "raise", (oid, instance(notification))
    if oid in RAISES:
        return "clear", (RAISES[oid], instance(notification))
    if oid in HUAWEI_STATES:
        return ("raise" if binds[-1].value == 2 else "clear"), (oid, instance(notification))
    if oid == CALIX_ALARM:
        values = [bind.value for bind in binds]
        return ("raise" if values[2] == 1 else "clear"), (oid, values[1], tuple(values[3:12]))
    if oid == BDCOM_STATE:
        return ("raise" if binds[-1].value in (3, 8) else "clear"), (oid, binds[1].value)
    if oid == BDCOM_GASP:
        return ("raise" if binds[-1].value == 1 else "clear"), (oid, binds[1].value)
    if oid == BDCOM_OPTICS:
        return ("clear" if binds[3].value == 3 else "raise"), (oid, binds[1].value)
    if oid == VSOL_ALARM:
        event = str(binds[4].value).rpartition(".")[2]
        place = (binds[1].value, binds[2].value)
        if event == VSOL_REGISTERED:
            return "back", place
        opened = VSOL_ENDS.get(event, event)
        return ("clear" if event in VSOL_ENDS or binds[5].value == 0 else "raise"), (oid, opened, place)
    if oid == ZTE_REGISTERED:
        return "back", instance(notification)
    if oid == HUAWEI_POWER_OFF:
        return "raise", (oid,)
    if oid == COLD_START:
        return "clear", (HUAWEI_POWER_OFF,)
    assert oid in EVENTS, f"no reading for {oid}"
    return None


StillOpen = Callable[[Iterable[tuple[str, Notification]]], set[Key]]


@pytest.fixture(scope="session")
def still_open() -> StillOpen:
    """Alarms raised and not cleared, of (device, notification) pairs in the order of sending."""
    return _still_open


def _still_open(sent: Iterable[tuple[str, Notification]]) -> set[Key]:
    opened: set[Key] = set()
    for device, notification in sent:
        found = reading(notification)
        if found is not None:
            key = (device, *found[1])
            if found[0] == "back":
                opened -= {each for each in opened if each[0] == device and each[-1] == found[1]}
                continue
            (opened.add if found[0] == "raise" else opened.discard)(key)
    return opened
