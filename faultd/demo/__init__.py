"""``faultd demo``: the real daemon, a simulated plant, and the alarms on a terminal."""
