"""Booking rules by hospital, credit events, the black list, appeals."""
