"""GitHub as an issuer of identities, of which an account has one."""

from typing import Any

from botocore.exceptions import ClientError

from ops.bootstrap.part import Clients, code
from ops.bootstrap.target import Target

_HOST = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"


class GitHubProvider:
    """The account's OpenID Connect provider for GitHub; one that is there is adopted.

    No thumbprint is given: AWS checks GitHub's certificate by its own trusted authorities
    (docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html).
    """

    def __init__(self, target: Target, clients: Clients) -> None:
        self._iam: Any = clients("iam", target.region)
        self.arn = f"arn:{target.partition}:iam::{target.account}:oidc-provider/{_HOST}"

    @property
    def title(self) -> str:
        return f"the account's OpenID Connect provider for {_HOST}"

    def missing(self) -> list[str]:
        found = self._find()
        if found is None:
            return ["create it"]
        if _AUDIENCE not in found["ClientIDList"]:
            return [f"let it issue for {_AUDIENCE} too"]
        return []

    def make(self) -> None:
        found = self._find()
        if found is None:
            self._iam.create_open_id_connect_provider(
                Url=f"https://{_HOST}", ClientIDList=[_AUDIENCE]
            )
        elif _AUDIENCE not in found["ClientIDList"]:
            self._iam.add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn=self.arn, ClientID=_AUDIENCE
            )

    def _find(self) -> dict[str, Any] | None:
        try:
            return self._iam.get_open_id_connect_provider(OpenIDConnectProviderArn=self.arn)
        except ClientError as error:
            if code(error) in ("NoSuchEntity", "NoSuchEntityException"):
                return None
            raise
