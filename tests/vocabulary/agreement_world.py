"""Dispatch about service level agreements in a World: a plant, contracts, people and a desk."""

from typing import Self

from protocols.sla.local_time import utc_time
from vocabulary.sla import SlaWorld
from vocabulary.ticket_world import TicketWorld
from vocabulary.world import moment


class AgreementWorld(TicketWorld, SlaWorld):
    """Its clock stops at everything that is due in any stage."""

    def run_to(self, seconds: float) -> Self:
        end = moment(seconds)
        while self.now < end:
            waiting = [at for at, *_ in self.state.timers.entries() if at > self.now][:1]
            waiting += [utc_time(at) for table in self.dispatch.timers.due.values() for at in table.values()]
            waiting += [utc_time(self.sla.deadlines.first)] if len(self.sla.deadlines) else []
            self.now = min([end, *(at for at in waiting if at > self.now)])
            self.tick()
        return self
