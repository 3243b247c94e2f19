"""Interactions, opening hours, callbacks: everything about one contact with a caller."""
