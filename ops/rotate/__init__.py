"""Rotates one family of secrets of a stack that runs."""
