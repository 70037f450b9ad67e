"""The managed resources of alarms: devices, interfaces and ONTs, by whichever name a report gives them."""
