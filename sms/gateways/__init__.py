"""Ways out for texts; each keeps the contract of core.ports.TextGateway."""
