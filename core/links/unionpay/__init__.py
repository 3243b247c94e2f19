"""UnionPay's gateway (全渠道, version 5.1.0), and a sandbox that behaves like it."""
