"""Calls the house makes by itself: only a pressed key counts as heard."""
