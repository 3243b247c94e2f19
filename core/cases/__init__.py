"""通话黑匣子: everything that belongs to one case in one ordered log, and its state told again from it."""
