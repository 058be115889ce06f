"""The real servers behind the stand-ins of RDS and ElastiCache."""

from sandbox.backing_services.postgresql import Database, Databases
from sandbox.backing_services.records import BackingServiceError
from sandbox.backing_services.redis import Cache, Caches

__all__ = ["BackingServiceError", "Cache", "Caches", "Database", "Databases"]
