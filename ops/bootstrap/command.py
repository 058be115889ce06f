"""``ops bootstrap``."""

import json
from functools import cache
from typing import Any

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from infra.documents import InvalidConfiguration
from infra.settings import Settings, SettingsError
from ops.bootstrap.buckets import Replication, StateBucket
from ops.bootstrap.github import GitHubProvider
from ops.bootstrap.keys import ReplicaKey, StateKey
from ops.bootstrap.part import Clients, Part
from ops.bootstrap.result import Finding, Result, plan_lines
from ops.bootstrap.target import BootstrapError, Target, place_problem
from ops.config.rendered import settings_of
from ops.config.stack_file import UnknownStack, read_stack_file
from ops.confirmation import confirm
from ops.console import failing_clearly, step
from ops.stack_option import stack_option


@click.command()
@stack_option()
@click.option("--region", required=True, help="Region of the state, such as us-west-2.")
@click.option("--replica-region", help="Second region, into which the state is copied.")
@click.option(
    "--github-repository",
    metavar="OWNER/NAME",
    help="Make GitHub an issuer of identities in the account, for this repository's workflows; "
    "unset: the one of the stack's file, if any.",
)
@click.option("--dry-run", is_flag=True, help="Tell what is missing and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@failing_clearly(
    BootstrapError, BotoCoreError, ClientError, InvalidConfiguration, OSError, SettingsError
)
def bootstrap(
    stack: str,
    region: str,
    replica_region: str | None,
    github_repository: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Make what a stack needs before its first `pulumi up`: a home for its state, and a key.

    \b
    ops bootstrap --stack dev --region us-east-1 --dry-run
    ops bootstrap --stack dev --region us-east-1
    ops bootstrap --stack prod --region us-west-2 --replica-region us-east-2

    In the account of your AWS credentials: a bucket for the state (versioned, private, encrypted,
    TLS only), a key that encrypts it and the secrets inside of it, with --replica-region a copy of
    both, and for workflows the account's one OpenID Connect provider for GitHub. What is there is
    adopted and set right; a second run changes nothing.

    A protected stack's state must outlive its region: put it, or its copy, into another one. What
    is made here is no part of the stack, and `pulumi destroy` leaves it alone.

    Ends with 0 if all is there, 1 if something cannot be made or used, 2 if it was called wrongly.
    """
    try:
        settings = settings_of(stack, read_stack_file(stack))
    except UnknownStack as error:
        raise click.BadParameter(str(error), param_hint="--stack") from error
    if problem := place_problem(settings, region, replica_region):
        raise click.BadParameter(problem, param_hint="--region")
    clients = _clients(settings)
    caller = clients("sts", region).get_caller_identity()
    target = Target(
        stack=stack,
        partition=caller["Arn"].split(":")[1],
        account=caller["Account"],
        region=region,
        replica_region=replica_region,
    )
    github = settings.identity.github
    repository = github_repository or (github.repository if github else None)
    key = StateKey(target, clients)
    provider = GitHubProvider(target, clients) if repository else None
    parts = _parts(target, key, provider, clients)
    step(f"looking at what account {target.account} has")
    findings = [Finding(part.title, part.missing()) for part in parts]
    if not dry_run and any(finding.missing for finding in findings):
        for line in plan_lines(findings):
            click.echo(line, err=True)
        confirm(f"Change this in account {target.account}?", yes=yes)
        for part in parts:
            if part.missing():
                step(part.title)
                part.make()
    result = Result(
        target=target,
        done=not dry_run,
        findings=findings,
        key_arn=key.arn,
        provider_arn=provider.arn if provider else None,
        github=github,
        repository=repository,
    )
    if as_json:
        click.echo(json.dumps(result.as_document(), indent=2))
    else:
        for line in result.as_lines():
            click.echo(line)


def _parts(
    target: Target, key: StateKey, provider: GitHubProvider | None, clients: Clients
) -> list[Part]:
    bucket = StateBucket(target, target.region, lambda: key.arn, clients)
    parts: list[Part] = [key, bucket]
    if elsewhere := target.replica_region:
        copy = ReplicaKey(target, elsewhere, key, clients)
        copies = StateBucket(target, elsewhere, lambda: copy.arn, clients)
        replication = Replication(
            target=target,
            region=elsewhere,
            source=bucket,
            destination=copies,
            source_key=lambda: key.arn,
            destination_key=lambda: copy.arn,
            clients=clients,
        )
        parts += [copy, copies, replication]
    return [*parts, provider] if provider else parts


def _clients(settings: Settings) -> Clients:
    session: Any = boto3.Session()

    @cache
    def client(service: str, region: str) -> Any:
        return session.client(service, region_name=region, endpoint_url=settings.aws.endpoint)

    return client
