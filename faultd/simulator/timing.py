"""Durations of physical and electronic processes, as ranges in seconds."""

from msgspec import Struct

Range = tuple[float, float]


class Timing(Struct, frozen=True, kw_only=True):
    """Recoveries are shorter than real ones (minutes for an OLT), so that a demonstration is worth watching."""

    loss: Range = (0.01, 0.8)
    """From darkness to the OLT's loss-of-signal alarm of an ONT, soaking included."""
    hold_up: Range = (0.02, 1.5)
    """Time for which an ONT's capacitor supplies it, and after which its dying gasp arrives."""
    pon_loss: Range = (0.3, 0.9)
    """The same for the port, which waits for gasps to count them."""
    pon_return: Range = (1.2, 2.0)
    ranging: Range = (2.0, 8.0)
    """An ONT that has light again is ranged and registers."""
    ont_boot: Range = (6.0, 20.0)
    """An ONT that has power again boots, is ranged and registers."""
    card_loss: Range = (1.0, 3.0)
    """The control board misses a card's heartbeat."""
    card_boot: Range = (6.0, 12.0)
    olt_boot: Range = (12.0, 20.0)
    uplink: Range = (0.02, 0.2)
    second_uplink: Range = (1.0, 3.0)
    """A dig that tears two cables does not tear both at once."""
    degraded: Range = (1.0, 5.0)
    """Until the receive level or the bit error rate has been measured and found bad."""
    rogue: Range = (2.0, 5.0)
    """Until the OLT has found out which ONT it is that does not stop sending."""
    babble: Range = (4.0, 14.0)
    """For how long an ONT is shouted down at a time by one that babbles, ..."""
    clear_air: Range = (5.0, 20.0)
    """... and for how long it is not."""
    disobeys: Range = (6.0, 30.0)
    """Until the OLT has tried to switch off the one that babbles and was not obeyed (DFi)."""
    disobedience: float = 0.7
    """Probability that the OLT tries that one at all."""
    trap: Range = (0.0008, 0.004)
    """Between two traps of one OLT: its agent sends one after the other."""
    gasps: float = 0.95
    """Probability that a dying gasp gets through; the other ONTs just go dark."""
