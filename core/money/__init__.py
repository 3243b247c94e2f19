"""Fees, payments and refunds."""
