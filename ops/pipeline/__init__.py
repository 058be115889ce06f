"""What workflows run, as commands: preview, deploy, look for drift, tell of it."""
