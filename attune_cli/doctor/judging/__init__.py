"""What gathered facts mean: pure functions, a fact in, judgements out."""
