"""Where moto 5.2.5 does less than AWS, or refuses what AWS allows, and the sandbox needs it."""

import copy
import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


def apply() -> None:
    """Adjust the moto of this process; to be done once."""
    _judge_bucket_policies_by_their_conditions()
    _find_log_delivery_in_bucket_policies()
    _delete_what_belongs_to_caches()
    _change_what_belongs_to_athena()
    _tell_a_replication_as_it_was_put()
    _give_issuers_further_audiences()
    _tell_when_versions_of_secrets_were_made()
    _promote_replicas_of_secrets()
    _keep_what_an_interface_stands_in()
    _leave_no_second_master_secret()


def _judge_bucket_policies_by_their_conditions() -> None:
    """Pass over statements whose conditions do not hold.

    FakeBucket.get_permission asks for no condition values, so that the usual Deny of plain HTTP
    refuses every object. The loopback interface counts as secure transport; a statement with any
    other condition is passed over, because nothing here knows its values.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        statements = policy["Statement"]
        if isinstance(statements, Mapping):
            statements = [statements]
        kept = [
            {key: value for key, value in statement.items() if key != "Condition"}
            for statement in statements
            if _holds(statement.get("Condition") or {})
        ]
        judged = IAMPolicy(json.dumps({**policy, "Statement": kept}))
        return judged.is_action_permitted(action, resource) if kept else PermissionResult.NEUTRAL

    FakeBucket.get_permission = get_permission


def _holds(conditions: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(
        operator in ("Bool", "BoolIfExists")
        and key.lower() == "aws:securetransport"
        and str(value).lower() == "true"
        for operator, keys in conditions.items()
        for key, value in keys.items()
    )


def _find_log_delivery_in_bucket_policies() -> None:
    """Let a bucket take the access logs of others where its policy allows the prefix.

    moto fails on a principal that is no mapping, and wants the very prefix for the resource.
    """
    from moto.s3.models import LOGGING_SERVICE_PRINCIPAL, FakeBucket

    def log_permissions_enabled_policy(target_bucket: Any, target_prefix: str | None) -> bool:
        if not target_bucket.policy:
            return False
        written = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}"
        return any(
            statement["Effect"] == "Allow"
            and statement["Principal"] == {"Service": LOGGING_SERVICE_PRINCIPAL}
            and "s3:PutObject" in _listed(statement["Action"])
            and any(fnmatchcase(written, one) for one in _listed(statement["Resource"]))
            for statement in json.loads(target_bucket.policy)["Statement"]
        )

    FakeBucket._log_permissions_enabled_policy = staticmethod(log_permissions_enabled_policy)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _delete_what_belongs_to_caches() -> None:
    """Have a deleted replication group and user be gone, and subnet groups be deleted at all."""
    from moto.core.responses import ActionResult
    from moto.elasticache.exceptions import CacheSubnetGroupNotFound
    from moto.elasticache.models import ElastiCacheBackend
    from moto.elasticache.responses import ElastiCacheResponse

    delete_group, delete_user = (
        ElastiCacheBackend.delete_replication_group,
        ElastiCacheBackend.delete_user,
    )

    def delete_replication_group(
        self: Any, replication_group_id: str, retain_primary_cluster: bool | None
    ) -> Any:
        group = delete_group(self, replication_group_id, retain_primary_cluster)
        del self.replication_groups[replication_group_id]
        return group

    def delete_one_user(self: Any, user_id: str) -> Any:
        user = delete_user(self, user_id)
        del self.users[user_id]
        return user

    def delete_cache_subnet_group(response: Any) -> Any:
        groups = response.elasticache_backend.cache_subnet_groups
        name = response._get_param("CacheSubnetGroupName")
        if name not in groups:
            raise CacheSubnetGroupNotFound(name)
        del groups[name]
        return ActionResult({})

    ElastiCacheBackend.delete_replication_group = delete_replication_group
    ElastiCacheBackend.delete_user = delete_one_user
    ElastiCacheResponse.delete_cache_subnet_group = delete_cache_subnet_group


def _change_what_belongs_to_athena() -> None:
    """Change workgroups and delete named queries, for which moto has no operations."""
    from moto.athena.responses import AthenaResponse

    def update_work_group(response: Any) -> Any:
        name = response._get_param("WorkGroup")
        group = response.athena_backend.work_groups.get(name)
        if group is None:
            return response.error(f"WorkGroup {name} is not found.", 400)
        changes = dict(response._get_param("ConfigurationUpdates") or {})
        if "ResultConfigurationUpdates" in changes:
            changes["ResultConfiguration"] = {
                **group.configuration.get("ResultConfiguration", {}),
                **changes.pop("ResultConfigurationUpdates"),
            }
        group.configuration = {**group.configuration, **changes}
        group.description = response._get_param("Description") or group.description
        group.state = response._get_param("State") or group.state
        return "{}"

    def delete_named_query(response: Any) -> Any:
        query = response._get_param("NamedQueryId")
        if response.athena_backend.named_queries.pop(query, None) is None:
            return response.error(f"NamedQuery {query} was not found", 400)
        return "{}"

    AthenaResponse.update_work_group = update_work_group
    AthenaResponse.delete_named_query = delete_named_query


def _tell_a_replication_as_it_was_put() -> None:
    """Keep which encrypted objects a rule selects, which S3Response leaves out of its answer."""
    from moto.core.responses import ActionResult
    from moto.s3.exceptions import ReplicationConfigurationNotFoundError
    from moto.s3.responses import S3Response

    def get_bucket_replication(self: Any) -> Any:
        self.data["Action"] = "GetBucketReplication"
        kept = self.backend.get_bucket_replication(self.bucket_name)
        if not kept:
            raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
        rules = [{**rule, "Filter": {"Prefix": ""}} for rule in kept["Rule"]]
        configuration = {"Role": kept["Role"], "Rules": rules}
        return self.serialized(ActionResult({"ReplicationConfiguration": configuration}))

    S3Response.get_bucket_replication = get_bucket_replication


def _give_issuers_further_audiences() -> None:
    """Add AddClientIDToOpenIDConnectProvider, which moto's IAM lacks."""
    from moto.core.responses import EmptyResult
    from moto.iam.responses import IamResponse

    def add_client_id_to_open_id_connect_provider(self: Any) -> Any:
        provider = self.backend.get_open_id_connect_provider(
            self._get_param("OpenIDConnectProviderArn")
        )
        audience = self._get_param("ClientID")
        if audience not in provider.client_id_list:
            provider.client_id_list.append(audience)
        return EmptyResult()

    IamResponse.add_client_id_to_open_id_connect_provider = (
        add_client_id_to_open_id_connect_provider
    )


def _tell_when_versions_of_secrets_were_made() -> None:
    """List each version of a secret with its own date, and those without labels on demand only.

    moto gives every version the time of the question.
    """
    from moto.secretsmanager.models import SecretsManagerBackend
    from moto.secretsmanager.responses import SecretsManagerResponse

    def list_secret_version_ids(response: Any) -> str:
        secret_id = response._get_param("SecretId")
        deprecated = response._get_param("IncludeDeprecated", if_none=False)
        backend: SecretsManagerBackend = response.backend
        listed = json.loads(backend.list_secret_version_ids(secret_id))
        del listed["NextToken"]
        kept = backend.secrets[secret_id].versions
        listed["Versions"] = [
            {**version, "CreatedDate": kept[version["VersionId"]]["createdate"]}
            for version in listed["Versions"]
            if deprecated or version["VersionStages"]
        ]
        return json.dumps(listed)

    responses: Any = SecretsManagerResponse
    responses.list_secret_version_ids = list_secret_version_ids


def _promote_replicas_of_secrets() -> None:
    """Add StopReplicationToReplica, which makes a replica an entry of its own."""
    from moto.core.responses import ActionResult
    from moto.secretsmanager.models import ReplicaSecret
    from moto.secretsmanager.responses import SecretsManagerResponse

    def stop_replication_to_replica(response: Any) -> Any:
        backend = response.backend
        replica = backend.secrets[response._get_param("SecretId")]
        if isinstance(replica, ReplicaSecret):
            source = replica.source
            source.replicas.remove(replica)
            promoted = copy.copy(source)
            promoted.arn, promoted.region, promoted.replicas = replica.arn, replica.region, []
            promoted.versions = copy.deepcopy(source.versions)
            # moto keeps a replica under its ARN, and an entry under its name.
            del backend.secrets[replica.arn]
            backend.secrets[promoted.name] = promoted
            replica = promoted
        return ActionResult({"ARN": replica.arn})

    responses: Any = SecretsManagerResponse
    responses.stop_replication_to_replica = stop_replication_to_replica


def _keep_what_an_interface_stands_in() -> None:
    """Refuse to delete a subnet or a security group while an interface uses it, as AWS does.

    Interfaces that moto makes for gateways and endpoints do not count: it never deletes them.
    """
    from moto.ec2.exceptions import DependencyViolationError
    from moto.ec2.models import EC2Backend

    delete_subnet, delete_group = EC2Backend.delete_subnet, EC2Backend.delete_security_group

    def interfaces(backend: Any) -> list[Any]:
        of_services = {gateway._eni.id for gateway in backend.nat_gateways.values()}
        for endpoint in backend.vpc_end_points.values():
            of_services.update(endpoint.network_interface_ids or [])
        return [each for each in backend.enis.values() if each.id not in of_services]

    def delete_unused_subnet(self: Any, subnet_id: str) -> Any:
        if any(each.subnet.id == subnet_id for each in interfaces(self)):
            raise DependencyViolationError(
                f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
            )
        return delete_subnet(self, subnet_id)

    def delete_unused_group(self: Any, name: str | None = None, group_id: str | None = None) -> Any:
        if any(group.id == group_id for each in interfaces(self) for group in each.group_set):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        return delete_group(self, name, group_id)

    EC2Backend.delete_subnet = delete_unused_subnet
    EC2Backend.delete_security_group = delete_unused_group


def _leave_no_second_master_secret() -> None:
    """Delete the master user's secret of an instance that gets another one.

    A restored instance comes with one, and where it is to be managed moto makes a second, and never
    deletes the first.
    """
    from moto.rds.models import DBInstance

    update = DBInstance.update

    def update_with_one(self: Any, **changes: Any) -> None:
        if changes.get("manage_master_user_password") and self.manage_master_user_password:
            self.master_user_secret.delete_secret()
        update(self, **changes)

    instance: Any = DBInstance
    instance.update = update_with_one
