"""LiteLLM's configuration: a module per subject, from settings to a checked ``config.yaml``."""
