"""The Response to a request (RFC 3416 sections 4.2.1 to 4.2.5; for v1 RFC 1157 section 4.1 and RFC 3584 section 4.2.2)."""

from protocols.snmp import ber
from protocols.snmp.agent.object_tree import END_OF_MIB_VIEW_ELEMENT, ObjectTree, Subject, binding
from protocols.snmp.agent.request import AgentRequest
from protocols.snmp.manager.errors import NO_SUCH_NAME, TOO_BIG
from protocols.snmp.pdu import GET, GET_BULK, GET_NEXT, RESPONSE
from protocols.snmp.values import COUNTER64, END_OF_MIB_VIEW, NO_SUCH_INSTANCE, NO_SUCH_OBJECT

NO_ACCESS = 6
AUTHORIZATION_ERROR = 16
_EXCEPTIONS = (NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW)


def respond(request: AgentRequest, tree: ObjectTree[Subject], subject: Subject, room: int, *, v1: bool = False) -> bytes:
    """The Response PDU. ``room`` is the most octets that its variable bindings may take together.

    GET and GETNEXT that need more get tooBig; a GETBULK is cut. Nothing can be written: SET gets noAccess (v1: noSuchName).
    Raises SnmpRefusal for an OID that cannot be compared.
    """
    if request.tag == GET:
        bindings = [binding(name, tree.value(subject, name)) for name in request.names]
    elif request.tag == GET_NEXT:
        bindings = [_next(tree, subject, name, v1=v1) for name in request.names]
    elif request.tag == GET_BULK:
        return response_pdu(request.request_id, 0, 0, _bulk(request, tree, subject, room))
    else:
        return failure(request, NO_SUCH_NAME if v1 else NO_ACCESS, 1 if request.names else 0)
    if v1:
        for index, (name, octets) in enumerate(zip(request.names, bindings, strict=True), 1):
            if _value_tag(name, octets, request.tag) in (*_EXCEPTIONS, COUNTER64):
                return failure(request, NO_SUCH_NAME, index)
    varbinds = b"".join(bindings)
    if len(varbinds) > room:
        return failure(request, TOO_BIG, 0) if v1 else response_pdu(request.request_id, TOO_BIG, 0, b"")
    return response_pdu(request.request_id, 0, 0, varbinds)


def failure(request: AgentRequest, status: int, index: int) -> bytes:
    """A Response with an error-status and the variable bindings of the request."""
    return response_pdu(request.request_id, status, index, request.varbinds)


def response_pdu(request_id: int, status: int, index: int, varbinds: bytes) -> bytes:
    """A Response PDU."""
    head = ber.integer(request_id) + ber.integer(status) + ber.integer(index)
    return ber.element(RESPONSE, head + ber.element(ber.SEQUENCE, varbinds))


def _next(tree: ObjectTree[Subject], subject: Subject, name: bytes, *, v1: bool) -> bytes:
    """The binding behind ``name``. v1 has no Counter64: such instances are passed over."""
    place = tree.first_after(name)
    while place is not None:
        value = tree.value_of(subject, *place)
        if not v1 or value[0] != COUNTER64:
            return binding(tree.name_of(*place), value)
        place = tree.following(*place)
    return binding(name, END_OF_MIB_VIEW_ELEMENT)


def _value_tag(name: bytes, octets: bytes, tag: int) -> int:
    """The tag of the value in a binding; of a GETNEXT only the end of the MIB is of interest."""
    if tag == GET_NEXT:
        return END_OF_MIB_VIEW if octets.endswith(END_OF_MIB_VIEW_ELEMENT) and octets == binding(name, octets[-2:]) else 0
    _, start, stop = ber.read_header(octets, 0, len(octets), set())
    _, _, value = ber.read_header(octets, start, stop, set())
    return octets[value]


def _bulk(request: AgentRequest, tree: ObjectTree[Subject], subject: Subject, room: int) -> bytes:
    """As many bindings as fit: the non-repeaters, then round after round of the others, until a round has no instance."""
    single = min(max(0, request.second), len(request.names))
    found: list[bytes] = []
    for name in request.names[:single]:
        octets = _next(tree, subject, name, v1=False)
        room -= len(octets)
        if room < 0:
            return b"".join(found)
        found.append(octets)
    names = request.names[single:]
    places = [tree.first_after(name) for name in names]
    for _ in range(max(0, request.third) if names else 0):
        ended = True
        for column, place in enumerate(places):
            if place is None:
                octets = binding(names[column], END_OF_MIB_VIEW_ELEMENT)
            else:
                ended = False
                name = names[column] = tree.name_of(*place)
                octets = binding(name, tree.value_of(subject, *place))
                places[column] = tree.following(*place)
            room -= len(octets)
            if room < 0:
                return b"".join(found)
            found.append(octets)
        if ended:
            break
    return b"".join(found)
