"""What pollers report, and what it means: contact with devices, restarts, blindness."""
