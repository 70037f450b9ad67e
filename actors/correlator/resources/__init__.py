"""The managed resources that alarms are about: devices, interfaces and ONTs, under whatever name a report gives them."""
