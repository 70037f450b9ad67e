"""The objects that every vendor's agent has: SNMPv2-MIB, IF-MIB, HOST-RESOURCES-MIB, SNMP-FRAMEWORK-MIB."""

from collections.abc import Callable, Iterator

from faultd.simulator.agents.agent_view import AgentView, OltInterface
from faultd.simulator.agents.cells import text
from faultd.simulator.vendors.standard import signed32
from protocols.snmp import ber
from protocols.snmp.agent.object_tree import ObjectType, RowIndexes
from protocols.snmp.values import encode_value

_SYSTEM = "1.3.6.1.2.1.1"
_IF, _IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
HR_SYSTEM_UPTIME = "1.3.6.1.2.1.25.1.1.0"
HR_PROCESSOR_LOAD = "1.3.6.1.2.1.25.3.3.1.2"
_ENGINE = "1.3.6.1.6.3.10.2.1"
Read = Callable[[AgentView, int], bytes]


def scalar(oid: str, read: Callable[[AgentView], bytes]) -> ObjectType[AgentView]:
    """A scalar; ``oid`` is that of its instance, with the ``.0``."""
    return ObjectType(oid.removesuffix(".0"), lambda view, _row: read(view))


def objects(
    view: AgentView, enterprise: str, model: str, engine_id: Callable[[AgentView], bytes]
) -> Iterator[ObjectType[AgentView]]:
    """The objects of an OLT like ``view``. ``enterprise`` is its sysObjectID."""
    yield scalar(f"{_SYSTEM}.1.0", lambda _: text(model))
    yield scalar(f"{_SYSTEM}.2.0", lambda _: encode_value("OBJECT IDENTIFIER", enterprise))
    yield scalar(f"{_SYSTEM}.3.0", lambda view: encode_value("TimeTicks", view.uptime()))
    yield scalar(f"{_SYSTEM}.4.0", lambda _: text("noc@example.net"))
    yield scalar(f"{_SYSTEM}.5.0", lambda view: text(view.olt.id))
    yield scalar(f"{_SYSTEM}.6.0", lambda view: text(view.olt.name))
    yield scalar(f"{_SYSTEM}.7.0", lambda _: ber.integer(2))
    yield scalar("1.3.6.1.2.1.2.1.0", lambda view: ber.integer(len(view.interfaces)))
    rows = RowIndexes((each.index,) for each in view.interfaces)
    for column, read in _INTERFACE_COLUMNS.items():
        yield ObjectType(column, _of_interface(read), rows)
    yield scalar(HR_SYSTEM_UPTIME, lambda view: encode_value("TimeTicks", view.agent.uptime(view.now)))
    processors = RowIndexes((number,) for number in range(1, len(view.cards) + 1))
    yield ObjectType(HR_PROCESSOR_LOAD, lambda view, row: ber.integer(view.cpu(view.cards[row])), processors)
    yield scalar(f"{_ENGINE}.1.0", lambda view: text(engine_id(view)))
    yield scalar(f"{_ENGINE}.2.0", lambda view: ber.integer(view.boots))
    yield scalar(f"{_ENGINE}.3.0", lambda view: ber.integer(view.seconds_up()))
    yield scalar(f"{_ENGINE}.4.0", lambda _: ber.integer(65_507))


def _of_interface(read: Callable[[AgentView, OltInterface], bytes]) -> Read:
    return lambda view, row: read(view, view.interfaces[row])


def _octets32(view: AgentView, interface: OltInterface, *, received: bool) -> bytes:
    return encode_value("Counter32", view.octets(interface, received=received) % 2**32)


def _octets64(view: AgentView, interface: OltInterface, *, received: bool) -> bytes:
    return encode_value("Counter64", view.octets(interface, received=received))


_INTERFACE_COLUMNS: dict[str, Callable[[AgentView, OltInterface], bytes]] = {
    f"{_IF}.1": lambda _, each: ber.integer(signed32(each.index)),
    f"{_IF}.2": lambda _, each: text(each.name),
    f"{_IF}.3": lambda _, each: ber.integer(each.type),
    f"{_IF}.5": lambda _, each: encode_value("Gauge32", min(each.mbps * 1_000_000, 2**32 - 1)),
    f"{_IF}.7": lambda view, each: ber.integer(1 if view.wanted_up(each) else 2),
    f"{_IF}.8": lambda view, each: ber.integer(1 if view.interface_up(each) else 2),
    f"{_IF}.10": lambda view, each: _octets32(view, each, received=True),
    f"{_IF}.16": lambda view, each: _octets32(view, each, received=False),
    f"{_IFX}.1": lambda _, each: text(each.name),
    f"{_IFX}.6": lambda view, each: _octets64(view, each, received=True),
    f"{_IFX}.10": lambda view, each: _octets64(view, each, received=False),
    f"{_IFX}.15": lambda _, each: encode_value("Gauge32", each.mbps),
    f"{_IFX}.18": lambda view, each: text(each.resource.partition("/")[2]),
}
