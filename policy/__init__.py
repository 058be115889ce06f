"""The controls of the environment as policies, which the engine holds every preview to."""
