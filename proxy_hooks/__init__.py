"""What the gateway adds to LiteLLM's proxy, as callbacks that run inside it.

``session_metadata`` copies the session of a request to its spend row and log objects. The modules
``*_log`` are the places that records of requests go to: each is LiteLLM's own logger, which gets as
much of a request's content as its settings allow and no more. They use what LiteLLM's image has,
and read their settings from a file (see ``settings``).
"""
