"""Polling: what pollers report (Events), what the correlator asks of them (a Change), and the view of a polled device."""
