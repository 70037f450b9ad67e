"""Notification policies: their routing trees, and the commands that write them."""
