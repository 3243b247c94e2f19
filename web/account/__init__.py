"""Pages of patients' accounts: the way in, and what is theirs."""
