"""An alarm in a frame: with the customers that it affects, as the topology has them at that moment."""

import msgspec

from protocols.alarm import Alarm
from protocols.customer import CustomersOf

MOST_CUSTOMERS = 20
"""The most customers of an alarm that a frame has in full. ``affected_customers`` has the ids of all."""
_encode = msgspec.json.Encoder().encode


class AlarmWithCustomersJson:
    """Gives the alarm itself, or its JSON with ``customers`` when the topology has any."""

    def __init__(self, customers: CustomersOf | None = None) -> None:
        self._customers = customers

    def __call__(self, alarm: Alarm) -> Alarm | msgspec.Raw:
        if self._customers is None or not alarm.affected_customers:
            return alarm
        told = [each for each in self._customers(alarm, alarm.affected_customers[:MOST_CUSTOMERS]) if each.told]
        if not told:
            return alarm
        return msgspec.Raw(b"".join((_encode(alarm)[:-1], b',"customers":', _encode(told), b"}")))


PLAIN = AlarmWithCustomersJson()
