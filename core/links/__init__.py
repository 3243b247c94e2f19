"""What reaches outside: hospitals and cashiers, each behind a port of the core."""
