"""The cause of an outage below a PON port, from which ONTs fell silent and which said that they lost power."""
