"""Dialplan and switch configuration templates."""
