"""One module for each kind of Event: the alarms and device events that follow from it."""
