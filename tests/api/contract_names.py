"""What the contract run is told by its environment; apart, for its library is slow to load."""

KEY_ID, SECRET, NOW = "CONTRACT_KEY_ID", "CONTRACT_SECRET", "CONTRACT_NOW"
