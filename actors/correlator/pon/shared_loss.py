"""What several PON ports that are wholly dark at once have in common: their card or OLT, or one cable with their feeders. Pure.

Each line is evidence, with the probability to see it when the equipment has failed and when the cable is cut:

    evidence                                   card or OLT   cable
    before any evidence, of a card             5             1
    before any evidence, of a whole OLT        0.5           1
    of a card: it is not reported itself       0.2           1
    and is not, 12 s after the last of it      0.03          1
    a port reports loss of light               0.002         0.9
    no port does                               1             0.3
    most ports report their link down          0.8           0.05
    they do not                                0.4           0.95
    most ONTs are reported with LOSi           0.4           0.8
    they are not: offline, no reason given     0.6           0.2

A card that has failed cannot measure light: a port that reports its loss lives. The control board reports a dead card, its
ports as links that are down, and its ONTs as offline; where it reports the card, nothing is weighed. Boxes of one board report
none, and no profile reads such a report of them. An OLT that has failed reports nothing at all. Some OLTs report no loss of
light of a port.
"""

import math
from typing import Final, NamedTuple


class SharedSigns(NamedTuple):
    """The evidence about the ports that went dark together. Counts are of ports; ``los``: shares of ONTs, 0 to 1."""

    ports: int
    dark: int
    """Ports that report loss of light themselves."""
    links_down: int
    """Ports that are reported as links that are down, and not switched off."""
    los: float
    """Share of the ONTs' reports that are LOSi."""
    whole_olt: bool = False
    """These are all ports of an OLT with several cards."""
    waited: bool = False
    """The OLT is of a vendor that reports lost cards, and had time to."""


class _Weights(NamedTuple):
    """The weights of a sign in the odds of the equipment: where it is seen, and where it is not."""

    seen: float
    unseen: float


_CARD: Final = math.log(5.0 * 0.2)
_CARD_WAITED: Final = math.log(5.0 * 0.03)
_OLT: Final = math.log(0.5)
"""For equipment that is not reported itself. Few cables have all feeders of a card, and no other."""
_LOS: Final = _Weights(math.log(0.002 / 0.9), math.log(1 / 0.3))
_LINKS: Final = _Weights(math.log(0.8 / 0.05), math.log(0.4 / 0.95))
_ONTS: Final = _Weights(math.log(0.4 / 0.8), math.log(0.6 / 0.2))


def equipment_failed(signs: SharedSigns) -> float:
    """The probability, 0 to 1, that the equipment which all these ports are in has failed, and not a cable with all feeders."""
    odds = _OLT if signs.whole_olt else _CARD_WAITED if signs.waited else _CARD
    odds += _LOS.seen if signs.dark else _LOS.unseen
    odds += _LINKS.seen if 2 * signs.links_down > signs.ports else _LINKS.unseen
    odds += _ONTS.seen if signs.los > 0.5 else _ONTS.unseen
    return 1.0 / (1.0 + math.exp(-odds))
