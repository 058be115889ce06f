"""What a stack needs before its first ``pulumi up``: a bucket for its state, a key, an issuer."""
