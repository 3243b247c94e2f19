"""The release minute: one published rule for everybody who waits for a session's numbers."""
