"""``ops drill``: loses a region on purpose, and proves that the gateway comes back elsewhere."""
