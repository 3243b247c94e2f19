"""Moved to `ivr.examples`, where the catalogue page and the terminal find it too."""

from ivr.examples import fullest

__all__ = ["fullest"]
