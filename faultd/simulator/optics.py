"""The optical power that ONTs receive, and the values that their optics report."""

from random import Random

from faultd.simulator.plant import SimulatedPlant

LOWEST = -27.0
"""dBm: an ONT that receives less raises an alarm (class B+ optics)."""
JITTER = 0.3
"""Random error of each reported value, dB."""


def installed(seed: int, ont: str) -> float:
    """dBm that an ONT received on the day it was installed."""
    return Random(f"level/{seed}/{ont}").uniform(-23.5, -20.0)


def jitter(seed: int, ont: str, at: float) -> float:
    """Error of the reading at that second, dB."""
    return Random(f"reading/{seed}/{ont}/{at}").uniform(-JITTER, JITTER)


class Optics:
    """The light of a plant's ONTs, less what bent fibres take of it."""

    def __init__(self, plant: SimulatedPlant, seed: int) -> None:
        self._plant = plant
        self._seed = seed
        self._bends: dict[str, float] = {}
        """Light lost above a splitter, dB."""

    @property
    def bent(self) -> bool:
        """True when a fibre is bent."""
        return bool(self._bends)

    def bend(self, splitter: str, depth: float) -> None:
        """The fibre above ``splitter`` takes ``depth`` dB from now on."""
        self._bends[splitter] = depth

    def straighten(self, splitter: str) -> None:
        """The fibre above ``splitter``, which was bent, takes nothing any more."""
        del self._bends[splitter]

    def level(self, ont: str) -> float:
        """dBm that this ONT receives now: its own of the day it was installed, less all bends above it."""
        lost = 0.0
        splitter = self._plant.onts[ont].splitter
        while splitter in self._plant.splitters:
            lost += self._bends.get(splitter, 0.0)
            splitter = self._plant.splitters[splitter].above
        return installed(self._seed, ont) - lost

    def reading(self, ont: str, at: float) -> float:
        """The value that this ONT's optics report at that second, dBm."""
        return self.level(ont) + jitter(self._seed, ont, at)
