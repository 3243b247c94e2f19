"""hotline prompts: the sentences of the machine, for those who keep its voice."""
