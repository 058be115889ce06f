"""A stack's state: is it sound, keep a copy, repair it, put a copy back."""
