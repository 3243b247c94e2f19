"""满意度: one question after a call or a visit, by key or by text, and what the answers amount to."""
