"""The booking wizard: a session, a number that is kept, for whom, read back, done (I-008)."""
