"""A plant of optical line terminals that breaks, gasps, is repaired and says so in real SNMP traps.

It knows physics and vendors' trap formats, and nothing of how faultd decides: the topology file and the ground truth
that it writes are what faultd's conclusions are compared with.
"""
