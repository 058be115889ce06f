module sandbox.tools/external-secrets

go 1.25.1

// The controller is built inside its own module, with that module's go.sum. The files in the
// folders beside this one take the place of those with the same path there.
require github.com/external-secrets/external-secrets v0.20.4
