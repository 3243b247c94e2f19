"""What people say about the sentences that the machine says."""
