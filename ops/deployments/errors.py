"""What the ways to a stack raise."""

from botocore.exceptions import BotoCoreError, ClientError

from infra.settings import SettingsError
from sandbox.backing_services.records import BackingServiceError
from sandbox.kube_api import ApiError
from sandbox.lifecycle import SandboxError
from sandbox.stack_files import OverrideError
from sandbox.stack_operations import EngineError
from sandbox.supervisor_client import SupervisorError
from sandbox.toolchain import ToolchainError


class DeploymentError(Exception):
    """A stack cannot be reached, or does not run; the message says what to do."""


# Each says by itself what is wrong: a command that meets one tells it and ends.
STACK_ERRORS = (
    ApiError,
    BackingServiceError,
    BotoCoreError,
    ClientError,
    DeploymentError,
    EngineError,
    OverrideError,
    SandboxError,
    SettingsError,
    SupervisorError,
    ToolchainError,
)
