"""The vocabulary that tests share: the parts of faultd as a test runs them, and the alarms and traps that it gives them."""
