"""What a pull request would change in a stack, as the comment on it.

preview → dangers, layers, cost, capacity, policies, configuration → Markdown or JSON. No secret
value passes :mod:`ops.preview_report.values`, where a preview is read.
"""
