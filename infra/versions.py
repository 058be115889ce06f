"""Every version that the program pins, each with its source.

A version that could not be confirmed from a registry or a document says so.
"""

from datetime import date

# Versions that settings take, each with its last day of standard support on EKS
# (docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, endoflife.date/amazon-eks).
# Left out are those whose support ends in 2026: 1.34 on 2 December, 1.33 on 29 July.
KUBERNETES_STANDARD_SUPPORT = {"1.35": date(2027, 3, 27)}
KUBERNETES = "1.35"

# PyPI: litellm 1.106.2. Releases publish their images with and without a leading v
# (newreleases.io/project/github/BerriAI/litellm/release/v1.99.1). That the registry has this one is
# not confirmed: `digest` in the stack's configuration pins what the registry really holds.
LITELLM = "1.106.2"
# What its images are signed with: release notes newreleases.io/project/github/BerriAI/litellm/
# release/v1.106.2.
LITELLM_SIGNING_KEY = (
    "https://raw.githubusercontent.com/BerriAI/litellm/"
    "0112e53046018d726492c814b3644b7d376029d0/cosign.pub"
)
# LiteLLM has changed its key since, so 1.103.8, 1.104.6, 1.106.9 and 1.108.0 to 1.108.9 bear this
# one (the same page's notes of v1.104.6, v1.106.9, v1.108.0-rc.1, v1.108.1 and v1.108.9).
LITELLM_NEXT_SIGNING_KEY = (
    "https://raw.githubusercontent.com/BerriAI/litellm/"
    "e82a3c646908ba0a6ee0beddc4310d7a6cac4065/cosign.pub"
)
# From 1.108.10 on there is no key: a workflow signs with a certificate of its own (the same page's
# notes of v1.108.10).
LITELLM_SIGNING_IDENTITY = (
    "https://github.com/BerriAI/project-releaser/.github/workflows/release.yml@refs/heads/main"
)
LITELLM_SIGNING_ISSUER = "https://token.actions.githubusercontent.com"

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
