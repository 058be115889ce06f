// Package register makes AWS the one provider that the controller knows: a third of the build.
package register

import _ "github.com/external-secrets/external-secrets/pkg/provider/aws"
