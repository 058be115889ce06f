"""``ops destroy``: take a stack away, safely and to the end."""
