"""Hold, book, change, cancel, check in: an appointment's life."""
