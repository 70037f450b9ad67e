"""The plant as the fold sees it: who sent this, what hangs below it, whose service it is."""

from actors.correlator.plant.index import Plant
from actors.correlator.plant.reach import NOBODY, Reach

__all__ = ["NOBODY", "Plant", "Reach"]
