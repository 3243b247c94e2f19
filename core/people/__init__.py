"""Patients, their papers, cards and phones."""
