"""The doors inward: what other systems call."""
