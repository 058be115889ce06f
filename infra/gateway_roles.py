"""The roles of the proxy's pods: their own, and the one for calls whose costs stand apart."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.bedrock_access import BedrockAccount, assume_statements, bedrock_statements, role_trust
from infra.iam_policies import allow, document, gateway_policy, response_statements
from infra.identity import ServiceAccountRole, ServiceAccountRoleArgs
from infra.log_storage import AUDIT_PREFIX, LOG_PREFIX
from infra.naming import NAMESPACE, SERVICE_ACCOUNT, Naming
from infra.proxy_config.guardrails import guardrail_arns
from infra.proxy_config.response_cache import RESPONSE_PREFIX
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class GatewayRolesArgs:
    naming: Naming
    account: AwsAccount
    settings: Settings
    oidc_provider_arn: pulumi.Input[str]
    issuer: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]
    response_bucket_arn: pulumi.Input[str] | None
    """Bucket of answers that are given again, if there is one."""


class GatewayRoles(pulumi.ComponentResource):
    """What the pods may do: write log objects, keep answers, reach the models of the catalogue.

    They reach Bedrock with rights of their own, or through ``bedrock.roleArn`` and then in no
    other way. Where teams have session tags and no such role is given, a role of this account is
    made for them that may do the same with Bedrock and nothing else.
    """

    arn: pulumi.Output[str]
    bedrock_role_arn: str

    def __init__(
        self, name: str, args: GatewayRolesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:identity:GatewayRoles", name, None, opts)
        bedrock, account = args.settings.bedrock, args.account
        own_role = f"arn:{account.partition}:iam::{account.account_id}:role/" + args.naming.named(
            "bedrock"
        )
        self.bedrock_role_arn = bedrock.role_arn or own_role
        where = BedrockAccount.of(
            bedrock,
            partition=account.partition,
            account=account.account_id,
            region=account.region,
        )
        invoke = bedrock_statements(args.settings.models, where)
        models = [] if bedrock.role_arn else list(invoke)
        if bedrock.role_arn or bedrock.teams:
            models += assume_statements(self.bedrock_role_arn, bedrock)
        applied = guardrail_arns(
            args.settings.guardrails,
            partition=account.partition,
            account=account.account_id,
            region=account.region,
        )
        if arns := sorted(set(applied)):
            models.append(allow(["bedrock:ApplyGuardrail"], arns))
        prefixes = [LOG_PREFIX]
        if args.settings.enterprise.audit_log == "bucket":
            prefixes.append(AUDIT_PREFIX)
        self.arn = ServiceAccountRole(
            "gateway",
            ServiceAccountRoleArgs(
                naming=args.naming,
                namespace=NAMESPACE,
                service_account=SERVICE_ACCOUNT,
                provider_arn=args.oidc_provider_arn,
                issuer=args.issuer,
                policy=pulumi.Output.all(
                    args.bucket_arn, args.log_key_arn, args.response_bucket_arn
                ).apply(
                    lambda known: gateway_policy(
                        models=models,
                        bucket_arn=known[0],
                        log_prefixes=prefixes,
                        log_key_arn=known[1],
                        answers=response_statements(known[2], RESPONSE_PREFIX, known[1]),
                    )
                ),
            ),
            pulumi.ResourceOptions(parent=self),
        ).arn
        if bedrock.teams and not bedrock.role_arn:
            role = aws.iam.Role(
                "bedrock",
                name=args.naming.named("bedrock"),
                # The trust names the role, so IAM must know it.
                assume_role_policy=self.arn.apply(lambda arn: role_trust(arn, bedrock)),
                opts=pulumi.ResourceOptions(parent=self),
            )
            aws.iam.RolePolicy(
                "bedrock",
                name="models",
                role=role.name,
                policy=document(*invoke),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"arn": self.arn})
