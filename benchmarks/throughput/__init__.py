"""One worker of the gateway beside one of LiteLLM as its documentation sets it up."""
