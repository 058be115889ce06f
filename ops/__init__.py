"""Day two: what the ``ops`` command does with a stack that is planned or runs."""
