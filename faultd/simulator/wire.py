"""A Notification as the octets of a datagram."""

from protocols.snmp import encode as snmp
from protocols.snmp.notification import Notification


def encode(notification: Notification) -> bytes:
    """An SNMPv1 Trap-PDU, SNMPv2-Trap or InformRequest. Raises Unencodable for what SNMP cannot carry."""
    uptime = notification.uptime or 0
    if notification.version == "1":
        return snmp.trap_v1(
            community=notification.security,
            enterprise=notification.enterprise,
            agent_address=notification.agent_address or "0.0.0.0",
            generic=notification.generic or 0,
            specific=notification.specific or 0,
            uptime=uptime,
            varbinds=notification.varbinds,
        )
    send = snmp.inform if notification.kind == "inform" else snmp.trap_v2c
    return send(
        community=notification.security,
        trap_oid=notification.trap_oid,
        uptime=uptime,
        varbinds=notification.varbinds,
        request_id=notification.request_id,
    )
