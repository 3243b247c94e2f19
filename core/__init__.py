"""The booking engine: areas of the trade, and what they stand on."""
