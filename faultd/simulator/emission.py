"""One notification as an OLT sent it, and how a vendor's draft becomes one in that OLT's SNMP version."""

from msgspec import Struct

from faultd.simulator.plant import Olt
from faultd.simulator.report import Observation, VendorNotification
from protocols.snmp.notification import Notification

_STANDARD = "1.3.6.1.6.3.1.1.5."
_V1_ENTERPRISE = {
    "huawei": "1.3.6.1.4.1.2011",
    "zte": "1.3.6.1.4.1.3902",
    "calix_e7": "1.3.6.1.4.1.6321",
    "bdcom": "1.3.6.1.4.1.3320",
    "vsol": "1.3.6.1.4.1.37950",
}


class Emission(Struct, frozen=True, kw_only=True):
    """``at`` is seconds of the simulation. ``fault`` is the id of the fault behind it, empty for background noise.
    ``unreachable`` is True when the way to the operations centre was cut at that moment."""

    at: float
    olt: str
    report: Observation
    notification: Notification
    fault: str = ""
    unreachable: bool = False


def to_notification(olt: Olt, draft: VendorNotification, *, community: str, uptime: int, request_id: int) -> Notification:
    """The draft as SNMPv2c trap or INFORM, or as v1 Trap-PDU by RFC 3584 section 3.2."""
    security = community + draft.community_suffix
    if not olt.v1:
        return Notification(
            version="2c",
            kind="inform" if olt.inform else "trap",
            security=security,
            trap_oid=draft.oid,
            uptime=uptime,
            varbinds=draft.varbinds,
            request_id=request_id,
        )
    if draft.oid.startswith(_STANDARD):
        generic, specific, enterprise, trap_oid = int(draft.oid[len(_STANDARD) :]) - 1, 0, _V1_ENTERPRISE[olt.vendor], draft.oid
    else:
        prefix, _, last = draft.oid.rpartition(".")
        generic, specific, enterprise = 6, int(last), prefix.removesuffix(".0")
        trap_oid = f"{enterprise}.0.{specific}"
    return Notification(
        version="1",
        kind="trap",
        security=security,
        trap_oid=trap_oid,
        uptime=uptime,
        varbinds=draft.varbinds,
        agent_address=olt.address,
        enterprise=enterprise,
        generic=generic,
        specific=specific,
    )
