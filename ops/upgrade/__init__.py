"""``ops upgrade``: another version of LiteLLM, tried on a copy of the database first."""
