"""Hospitals, campuses, departments, doctors and the posts they hold."""
