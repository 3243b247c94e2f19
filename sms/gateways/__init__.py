"""Ways out for texts, and in; each keeps the contract of core.ports.TextGateway."""
