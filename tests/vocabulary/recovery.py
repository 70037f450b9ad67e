"""A World beside one that is restarted now and then."""

from collections.abc import Sequence

import msgspec

from actors.correlator.settings import CorrelatorSettings
from faultd.pipe import Stages
from protocols.change import Change, Quarantined
from protocols.event import Event
from protocols.topology import Node
from vocabulary.world import LEDGER_ID, World

encode = msgspec.msgpack.Encoder().encode


class RestartedWorld(World):
    """A World whose Events go through a second set of stages too, which :meth:`restart` saves and loads. Both have to make the
    same Changes, and no Event may end in quarantine."""

    def begin(self, settings: CorrelatorSettings | None = None, nodes: Sequence[Node] = ()) -> None:
        self.restarted = Stages(LEDGER_ID)
        super().begin(settings, nodes)

    def __call__(self, event: Event) -> list[Change]:
        changes = super().__call__(event)
        assert encode(self.restarted.fold(self.offset, self.now, event)) == encode(changes)
        assert not self.all(Quarantined), self.all(Quarantined)
        return changes

    def restart(self, correlator: bytes | None = None) -> None:
        """Save and load the second set of stages."""
        assert correlator is None
        parts = self.restarted.save()
        self.restarted = Stages(LEDGER_ID)
        self.restarted.load(parts)

    def check_states(self) -> None:
        """The two sets of stages have the same states."""
        assert self.restarted.save() == self.stages.save()
