"""The operators' desk and the supervisors' wall."""
