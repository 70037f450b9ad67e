"""The alarm stream: every alarm, live, to WebSocket subscribers."""
