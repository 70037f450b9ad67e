"""`make bench`: what faultd does on this machine, measured on the real daemon, beside snmptrapd and pysnmp in the same run."""
