"""``ops config``: what the proxy of a stack will read, shown and checked before it exists."""
