"""The plant as the topology file that an operator would hand to faultd (CSV, RFC 4180)."""

from collections.abc import Iterator

from faultd.simulator.plant import SimulatedPlant, Vendor, position
from faultd.simulator.records import NO_ERRORS, RecordErrors
from faultd.simulator.vendors import bdcom, calix_e7, huawei, vsol, zte
from protocols.topology import Node
from protocols.topology_csv import csv_lines

_UPLINKS: dict[Vendor, int] = {
    "huawei": huawei.UPLINK,
    "zte": zte.UPLINK,
    "calix_e7": calix_e7.UPLINK,
    "bdcom": bdcom.UPLINK,
    "vsol": vsol.UPLINK,
}
"""ifIndex of the uplink that an OLT reports."""


def topology_nodes(plant: SimulatedPlant, credentials: str = "", errors: RecordErrors = NO_ERRORS) -> Iterator[Node]:
    """Every node, parents before their children. ``credentials``: the name of those by which the OLTs are polled; empty:
    they are not polled. ``errors``: where the records are not the plant."""
    yield Node(id=plant.core, type="core", name="Core")
    for olt in plant.olts.values():
        yield Node(
            id=olt.id,
            type="olt",
            parents=(plant.core,),
            name=olt.name,
            address=olt.address,
            vendor=olt.vendor,
            tenant=olt.tenant,
            credentials=credentials,
        )
        uplink = _UPLINKS[olt.vendor]
        yield Node(
            id=f"{olt.id}/if/{uplink}",
            type="uplink",
            parents=(olt.id,),
            name=f"{olt.name} uplink",
            tenant=olt.tenant,
            index=str(uplink),
        )
        for card_id in olt.cards:
            card = plant.cards[card_id]
            yield Node(
                id=card.id, type="card", parents=(olt.id,), name=f"{olt.name} card {position(card.id)}", tenant=olt.tenant
            )
            for pon_id in card.pons:
                yield from _pon_nodes(plant, pon_id, olt.name, olt.tenant, errors)


def _pon_nodes(plant: SimulatedPlant, pon_id: str, place: str, tenant: str, errors: RecordErrors) -> Iterator[Node]:
    pon = plant.pons[pon_id]
    vendor = plant.olts[pon.olt].vendor
    yield Node(
        id=pon.id,
        type="pon",
        parents=(pon.card,),
        name=f"{place} PON {position(pon.id)}",
        tenant=tenant,
        index=_index(vendor, pon.id),
    )
    for splitter_id in pon.splitters:
        splitter = plant.splitters[splitter_id]
        name = f"{place} splitter {position(splitter.id)}"
        yield Node(id=splitter.id, type="splitter", parents=(splitter.above,), name=name, tenant=tenant)
    for ont_id in pon.onts:
        if ont_id in errors.missing:
            continue
        ont = plant.onts[ont_id]
        yield Node(
            id=ont.id,
            type="ont",
            parents=(errors.wrong.get(ont.id, ont.splitter),),
            name=f"{place} ONT {position(ont.id)}",
            tenant=tenant,
            customer_id=ont.customer_id,
            service_id=ont.service_id,
            serial=ont.serial,
            area=ont.area,
            sla_class=ont.sla_class,
            index=_index(vendor, ont.id),
        )


def _index(vendor: Vendor, resource: str) -> str:
    """The vendor's own index of a PON port or ONT in its SNMP tables; empty where the place says it all."""
    place = position(resource)
    if place.startswith("ont"):
        return ""  # a number over the whole node
    parts = [int(part) for part in place.split("/")]
    match vendor, parts:
        case "huawei", (frame, slot, port, *ont):
            index = huawei.if_index(frame, slot, port)
        case "zte", (_, slot, port, *ont):
            index = zte.if_index(slot, port)
        case "calix_e7", (_, slot, port):
            return str(calix_e7.if_index(slot, port))
        case "vsol", (port,):
            return str(vsol.if_index(port))
        case "bdcom", (slot, port, *ont):
            return str(bdcom.if_index(slot, port, *(ont or (0,))))
        case _:
            return ""
    return ".".join(map(str, (index, *ont)))


def topology_csv(plant: SimulatedPlant, credentials: str = "", errors: RecordErrors = NO_ERRORS) -> str:
    """The whole file. The arguments as of :func:`topology_nodes`."""
    return "".join(csv_lines(topology_nodes(plant, credentials, errors)))
