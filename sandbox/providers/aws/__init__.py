"""The stand-in of the ``aws`` provider plugin, over moto."""

from sandbox.providers.aws.provider import AwsProvider

__all__ = ["AwsProvider"]
