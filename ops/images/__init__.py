"""Container images of a stack: which there are, and whether their signatures hold."""
