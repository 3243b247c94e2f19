"""Accounts of patients: who is logged in, for whom they book, and what they keep with us."""
