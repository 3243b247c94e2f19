"""Reminders of visits: one for each version of a booking, answered once, judged by what the visit is now."""
