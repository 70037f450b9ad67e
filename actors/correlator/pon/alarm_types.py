"""The alarm types that faultd concludes from others."""

from typing import Final

FIBRE_CUT: Final = "fibre.cut"
POWER_OUTAGE: Final = "power.outage"
CARD_FAILURE: Final = "card.failure"
OLT_FAILURE: Final = "olt.failure"
FIBRE_DEGRADED: Final = "fibre.degraded"
ROGUE: Final = "ont.rogue"
"""Also reported by OLTs, then without the qualifier ``suspected``."""
PORT_HAS_ROGUE: Final = "pon.rogue.onts"
"""Alarm types like ``ROGUE``."""
INFERRED: Final = frozenset({FIBRE_CUT, POWER_OUTAGE, CARD_FAILURE, OLT_FAILURE, FIBRE_DEGRADED})
"""Types that nobody but faultd raises. They have no symptom: a conclusion is never evidence of another."""
SUSPECTED: Final = "suspected"
"""The qualifier of a rogue ONT that faultd concludes. An OLT's report of the same ONT is another alarm."""
