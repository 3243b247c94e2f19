"""One ordered log of a case, and its replay."""
