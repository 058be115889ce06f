"""What a stack costs a month, from the resources that the engine previews.

plan → rules (a price for each resource type) → lines → table or JSON. Every resource is either
priced, named as free, or listed as unknown.
"""
