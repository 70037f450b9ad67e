"""PON inference: the cause of an outage, from the ONTs that lost service and those that sent a dying gasp."""
