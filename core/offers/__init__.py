"""Slots kept for one person until they answer: after a doctor's leave, or from the waiting list."""
