"""IAM documents as plain data. Pure: ARNs in, documents out."""

import json
from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]


def document(*statements: Document) -> str:
    """Return the JSON of a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Sequence[str], resources: Sequence[str], **more: Any) -> Document:
    """Return a statement that allows actions on resources."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources), **more}


def service_trust(service: str, actions: Sequence[str] = ("sts:AssumeRole",)) -> str:
    """Return the trust document of a role that an AWS service assumes."""
    return document({"Effect": "Allow", "Action": list(actions), "Principal": {"Service": service}})


def service_account_trust(
    provider_arn: str, issuer: str, namespace: str, service_account: str
) -> str:
    """Return the trust document of IRSA: exactly one service account, no wildcard."""
    host = issuer.removeprefix("https://")
    return document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": provider_arn},
            "Condition": {
                "StringEquals": {
                    f"{host}:sub": f"system:serviceaccount:{namespace}:{service_account}",
                    f"{host}:aud": "sts.amazonaws.com",
                }
            },
        }
    )


def gateway_policy(
    *,
    models: Sequence[Document],
    bucket_arn: str,
    log_prefixes: Sequence[str],
    log_key_arn: str,
    answers: Sequence[Document] = (),
) -> str:
    """Return what the proxy's pods may do: reach their models, write log objects, keep answers."""
    return document(
        *models,
        allow(["s3:PutObject"], [f"{bucket_arn}/{prefix}/*" for prefix in log_prefixes]),
        allow(["kms:GenerateDataKey"], [log_key_arn]),
        *answers,
    )


def response_statements(bucket_arn: str | None, prefix: str, key_arn: str) -> Sequence[Document]:
    """Return what keeping answers in a bucket takes; nothing without one.

    With a bucket key S3 names the bucket to KMS, so the key opens that bucket's objects alone:
    docs.aws.amazon.com/AmazonS3/latest/userguide/configuring-bucket-key.html
    """
    if bucket_arn is None:
        return ()
    context = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": bucket_arn}}
    return (
        allow(["s3:GetObject", "s3:PutObject"], [f"{bucket_arn}/{prefix}/*"]),
        allow(["kms:Decrypt"], [key_arn], Condition=context),
    )


def secret_reader_policy(*, secret_arns: Sequence[str], key_arns: Sequence[str]) -> str:
    """Return what External Secrets may do: read exactly the named secrets."""
    return document(
        allow(["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], secret_arns),
        allow(["kms:Decrypt"], key_arns),
    )


def secret_ages_policy(secret_arns: Sequence[str]) -> str:
    """Return what the job that looks at secrets' ages may do: read when versions were made."""
    return document(allow(["secretsmanager:ListSecretVersionIds"], secret_arns))


def tls_only_statement(bucket_arn: str) -> Document:
    """Return the statement of a bucket policy that refuses every request without TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def tls_only_bucket_policy(bucket_arn: str) -> str:
    """Return a bucket policy that refuses every request without TLS."""
    return document(tls_only_statement(bucket_arn))


def replication_policy(
    *,
    source: str,
    destination: str,
    source_key: str,
    destination_key: str,
    regions: tuple[str, str],
) -> str:
    """Return what S3 may do to copy encrypted objects from one bucket into another.

    docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html and
    docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
    """
    home, elsewhere = regions
    return document(
        allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], [source]),
        allow(
            [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
                "s3:GetObjectRetention",
                "s3:GetObjectLegalHold",
            ],
            [f"{source}/*"],
        ),
        allow(["s3:ReplicateObject", "s3:ReplicateTags"], [f"{destination}/*"]),
        allow(
            ["kms:Decrypt"],
            [source_key],
            Condition={"StringEquals": {"kms:ViaService": f"s3.{home}.amazonaws.com"}},
        ),
        allow(
            ["kms:Encrypt", "kms:GenerateDataKey"],
            [destination_key],
            Condition={"StringEquals": {"kms:ViaService": f"s3.{elsewhere}.amazonaws.com"}},
        ),
    )
