"""Stacks that run, as the commands of day two see them: on AWS, or in a sandbox."""
