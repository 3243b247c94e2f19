"""Third parties that book over the network for their customers: keys, signatures, quotas (R-042, I-016)."""
