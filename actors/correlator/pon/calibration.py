"""The confidence that a cause states, from that of the model: of the causes that state 90 %, nine in ten are right.

The model counts what it knows: the reports of one port and its likelihoods. It does not know how often a port is dark for a
reason of which nothing was reported, nor that its likelihoods are rough. So its log-odds are moved along a straight line, one
for each kind of cause (Platt 1999), fitted by ``python -m bench.pon_calibration`` on training seeds:

    stated odds = e^offset x (odds of the model)^slope
"""

import math
from typing import Literal, NamedTuple

Calibrated = Literal["cut", "power", "area", "degraded"]
"""``area``: a power area of the topology. Cards and OLTs have too few cases to fit."""


class Line(NamedTuple):
    slope: float
    offset: float


LINES: dict[Calibrated, Line] = {
    "cut": Line(0.38, 2.18),
    "power": Line(0.55, 1.62),
    "area": Line(0.38, 1.25),
    "degraded": Line(1.40, 1.06),
}
_LEAST, _MOST = 0.01, 0.99
"""Between these the model is believed to distinguish."""


def calibrated(kind: Calibrated, confidence: float) -> float:
    """The confidence to state, for the model's."""
    line = LINES[kind]
    return _odds(line.slope * _log_odds(confidence) + line.offset)


def uncalibrated(kind: Calibrated, stated: float) -> float:
    """The confidence of the model that is stated so."""
    line = LINES[kind]
    return min(_MOST, max(_LEAST, _odds((_log_odds(stated) - line.offset) / line.slope)))


def _log_odds(confidence: float) -> float:
    held = min(_MOST, max(_LEAST, confidence))
    return math.log(held / (1.0 - held))


def _odds(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))
