"""Provider plugins of the sandbox: gRPC servers that the Pulumi engine is attached to."""
