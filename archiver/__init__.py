"""Programs that run in the cluster on a schedule, beside the gateway and in its own image.

``archiver.spend`` moves spend rows from PostgreSQL to Parquet; ``archiver.requests`` copies request
logs to Parquet; ``archiver.secret_ages`` tells which secrets are overdue. They use what LiteLLM's
image has (psycopg, boto3, polars) and nothing of the deployment: their whole configuration is the
environment.
"""
