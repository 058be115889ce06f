"""IAM documents of the archiver and of those who query its tables. Pure: ARNs in, documents out."""

from collections.abc import Sequence

from archiver import layout
from infra.iam_policies import Document, allow, document


def request_copy_policy(*, bucket_arn: str, key_arn: str) -> str:
    """Return what the copy of request logs may do: read logs, write the copy and its plans."""
    return document(
        _listing(bucket_arn, layout.LOGS, layout.COPY, layout.PLANS),
        allow(["s3:GetObject"], [f"{bucket_arn}/{layout.LOGS}*", f"{bucket_arn}/{layout.PLANS}*"]),
        allow(["s3:PutObject"], [f"{bucket_arn}/{layout.COPY}*", f"{bucket_arn}/{layout.PLANS}*"]),
        _key(key_arn),
    )


def spend_archive_policy(*, bucket_arn: str, key_arn: str) -> str:
    """Return what the archive of spend rows may do: write below its prefix and read it back."""
    return document(
        _listing(bucket_arn, layout.SPEND),
        allow(["s3:GetObject", "s3:PutObject"], [f"{bucket_arn}/{layout.SPEND}*"]),
        _key(key_arn),
    )


def log_reader_policy(
    *,
    workgroup_arn: str,
    catalog_arn: str,
    databases: Sequence[str],
    bucket_arns: Sequence[str],
    results_arn: str,
    key_arns: Sequence[str],
) -> str:
    """Return what querying takes: the workgroup, the tables' definitions, their data, results.

    The first key is that of the results; all others are only read with.

    docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html and
    docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
    """
    prefixes = (layout.LOGS, layout.COPY, layout.SPEND)
    return document(
        allow(
            [
                "athena:BatchGetNamedQuery",
                "athena:GetNamedQuery",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetWorkGroup",
                "athena:ListNamedQueries",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            [workgroup_arn],
        ),
        allow(
            ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"],
            [
                f"{catalog_arn}:catalog",
                *(f"{catalog_arn}:database/{name}" for name in databases),
                *(f"{catalog_arn}:table/{name}/*" for name in databases),
            ],
        ),
        *(_listing(arn, *prefixes) for arn in bucket_arns),
        allow(["s3:GetBucketLocation"], [*bucket_arns, results_arn]),
        allow(["s3:GetObject"], [f"{arn}/{prefix}*" for arn in bucket_arns for prefix in prefixes]),
        allow(
            ["s3:ListBucket", "s3:ListBucketMultipartUploads"],
            [results_arn],
        ),
        allow(
            [
                "s3:AbortMultipartUpload",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            [f"{results_arn}/*"],
        ),
        _key(key_arns[0]),
        *([allow(["kms:Decrypt"], list(key_arns[1:]))] if key_arns[1:] else []),
    )


def _listing(bucket_arn: str, *prefixes: str) -> Document:
    below = [f"{prefix}*" for prefix in prefixes]
    return allow(["s3:ListBucket"], [bucket_arn], Condition={"StringLike": {"s3:prefix": below}})


def _key(key_arn: str) -> Document:
    return allow(["kms:Decrypt", "kms:GenerateDataKey"], [key_arn])
