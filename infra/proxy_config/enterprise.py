"""What a licence makes LiteLLM do: tokens in place of keys, the audit log, checks of requests."""

from infra.log_storage import AUDIT_PREFIX
from infra.proxy_config.additions import Additions, given
from infra.proxy_config.log_sinks import LogStore
from infra.setting_sections import JwtSettings, License
from infra.settings import Settings


def enterprise(settings: Settings, store: LogStore) -> Additions:
    """Return what a licence makes LiteLLM do; the rules see to it that there is one."""
    if settings.license is not License.ENTERPRISE:
        return Additions()
    chosen = settings.enterprise
    audit: dict[str, object] = {"store_audit_logs": chosen.audit_log != "off"}
    if chosen.audit_log == "bucket":
        audit["audit_log_callbacks"] = ["s3_v2"]
        audit["s3_audit_callback_params"] = _audit_store(store)
    return Additions(
        litellm_settings=audit,
        general_settings=given(
            enforced_params=list(chosen.enforced_parameters),
            max_request_size_mb=chosen.maximum_request_mb,
            max_response_size_mb=chosen.maximum_response_mb,
            admin_only_routes=list(chosen.admin_only_routes),
            **(_jwt(settings.jwt) if settings.jwt.issuer else {}),
        ),
    )


def _audit_store(store: LogStore) -> dict[str, object]:
    """Read by S3Logger in litellm/integrations/s3_v2.py, like the store of requests."""
    return given(
        s3_bucket_name=store.bucket,
        s3_region_name=store.region,
        s3_endpoint_url="os.environ/AWS_ENDPOINT_URL" if store.endpoint else None,
        s3_path=AUDIT_PREFIX,
        s3_server_side_encryption="aws:kms",
        s3_sse_kms_key_id=store.kms_key_arn,
    )


def _jwt(jwt: JwtSettings) -> dict[str, object]:
    """Read by LiteLLM_JWTAuth in litellm/proxy/_types.py, which refuses keys it does not know."""
    return {
        "enable_jwt_auth": True,
        "litellm_jwtauth": given(
            user_id_jwt_field=jwt.user_claim,
            user_email_jwt_field=jwt.email_claim,
            team_ids_jwt_field=jwt.teams_claim,
            user_id_upsert=jwt.create_users,
            enforce_team_based_model_access=jwt.teams_grant_models,
        ),
    }


def jwt_environment(jwt: JwtSettings) -> dict[str, str]:
    """Return the variables that tell whose tokens count: litellm/proxy/auth/handle_jwt.py.

    Both are checked in every token. ``litellm_jwtauth.issuers`` would let tokens of others through
    to a second check.
    """
    if not (jwt.issuer and jwt.audience):
        return {}
    discovery = f"{jwt.issuer.rstrip('/')}/.well-known/openid-configuration"
    return {
        "JWT_ISSUER": jwt.issuer,
        "JWT_AUDIENCE": jwt.audience,
        "JWT_PUBLIC_KEY_URL": jwt.public_key_url or discovery,
    }
