"""Every version that the program pins, each with its source.

A version that could not be confirmed from a registry or a document says so.
"""

from datetime import date

# Versions that this bundle is made for, each with its last day of standard support on EKS
# (docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, endoflife.date/amazon-eks).
# Earlier ones have little of it left: 1.34 until 2 December 2026, 1.33 until 29 July 2026.
KUBERNETES_STANDARD_SUPPORT = {"1.35": date(2027, 3, 27)}
KUBERNETES = "1.35"

# PyPI: litellm 1.106.2. Releases publish their images with and without a leading v
# (newreleases.io/project/github/BerriAI/litellm/release/v1.99.1). That the registry has this one is
# not confirmed: `digest` in the stack's configuration pins what the registry really holds.
LITELLM = "1.106.2"

# Module proxy: github.com/external-secrets/external-secrets; its chart carries the same number.
EXTERNAL_SECRETS = "0.20.4"
EXTERNAL_SECRETS_REPOSITORY = "https://charts.external-secrets.io"

# The psql client that makes the database's users. Docker Official Image, mirrored by AWS.
POSTGRES_CLIENT_IMAGE = "public.ecr.aws/docker/library/postgres:17.6"

# The EKS add-on with the CloudWatch agent and Fluent Bit; this version is named in
# docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
# install-CloudWatch-Observability-EKS-addon.md
CLOUDWATCH_OBSERVABILITY = "v6.2.0-eksbuild.1"

# The chart with Prometheus, Alertmanager and Grafana, and the operator in it: release notes
# github.com/prometheus-community/helm-charts/releases/tag/kube-prometheus-stack-91.0.0, "Bump
# prometheus-operator to v0.94.0". The sandbox has the definitions of that operator's Go module.
KUBE_PROMETHEUS_STACK = "91.0.0"
KUBE_PROMETHEUS_STACK_REPOSITORY = "https://prometheus-community.github.io/helm-charts"
