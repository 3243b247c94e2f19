"""What patients say of a call or a visit, in one key or one text."""
