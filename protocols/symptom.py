"""Symptoms: the vocabulary in which an alarm type declares what it shows of the access network.

Correlation decides by symptoms alone, never by the names of alarm types. The terms are those of ITU-T G.984.3 (the alarms of
the transmission convergence layer) and X.733. A type declares its symptom in ``config/profiles/types.toml`` or in the profile
that has it; see ``docs/profiles.md``.
"""

from typing import Final, Literal, get_args

Symptom = Literal[
    "ont_dying_gasp",
    "ont_los",
    "ont_lof",
    "ont_lost",
    "ont_low_optical_power",
    "ont_signal_degraded",
    "ont_window_drift",
    "ont_deactivation_failed",
    "rogue_ont",
    "pon_los",
    "pon_down",
    "pon_dying_gasps",
    "equipment_lost",
    "link_down",
    "restarted",
    "none",
]
SYMPTOMS: Final[tuple[Symptom, ...]] = get_args(Symptom)

SYMPTOM_TEXTS: Final[dict[Symptom, str]] = {
    "ont_dying_gasp": "The ONT lost its electrical power and reported it (DGi).",
    "ont_los": "The OLT receives no light from the ONT (LOSi).",
    "ont_lof": "The OLT receives light from the ONT and cannot read its frames (LOFi): no service, and a sign of a rogue ONT.",
    "ont_lost": "The ONT has no service, and the report does not say why (state down, LOAMi, LOAi).",
    "ont_low_optical_power": "The ONT has service and too little optical power: a threshold of its receiver, or a bend.",
    "ont_signal_degraded": "The ONT has service and too many bit errors (SDi, SFi, BER).",
    "ont_window_drift": "The ONT sends outside its time slot (DOWi): a sign of a rogue ONT.",
    "ont_deactivation_failed": "The ONT does not obey when the OLT tells it to be silent (DFi): a strong sign of a rogue ONT.",
    "rogue_ont": "The OLT itself names a rogue ONT, or says that there is one on the port.",
    "pon_los": "The PON port receives no light from any ONT (LOS): its card works, since it measured that.",
    "pon_down": "The PON port is down, and the report does not say that the port measured it: its card may have failed.",
    "pon_dying_gasps": "The OLT itself concludes that many ONTs of the port lost their electrical power.",
    "equipment_lost": "The equipment (OLT, card, PON port) does not work, and everything below it has no service.",
    "link_down": "A port or link is down. It follows from lost equipment above it, and says nothing of ONTs.",
    "restarted": "The equipment starts (OLT, card, PON port): what is dark below it may be on its way up for some minutes.",
    "none": "The type takes no part in correlation below the OLT. Rules, windows and notifications apply as ever.",
}
"""One sentence for each symptom, in the order in which the documentation lists them."""
