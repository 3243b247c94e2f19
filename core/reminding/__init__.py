"""The day before a visit: keep, change or give up with one key."""
