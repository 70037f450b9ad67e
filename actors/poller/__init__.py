"""The pollers: one actor a device, which measures it, notices its silence and reports what changed."""
