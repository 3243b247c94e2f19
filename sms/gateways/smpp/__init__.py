"""A text gateway over SMPP 3.4: one transceiver session with a carrier's message centre."""
