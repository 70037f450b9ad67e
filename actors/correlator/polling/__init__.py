"""Polling in the fold: the meaning of what pollers report, and the reads that the fold requests of them."""
