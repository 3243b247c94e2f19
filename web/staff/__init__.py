"""Pages of staff: logging in, one's own account, the accounts and roles of others, the audit."""
