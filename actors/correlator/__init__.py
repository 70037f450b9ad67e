"""The correlator: the deterministic fold from Events to Changes, and the only owner of alarm state."""
