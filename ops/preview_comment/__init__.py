"""Puts a report on a pull request, and keeps it up to date in place."""
