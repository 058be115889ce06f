"""The real servers behind the stand-ins of RDS and ElastiCache."""

from sandbox.backing_services.postgresql import Database, Databases
from sandbox.backing_services.redis import Cache, Caches

__all__ = ["Cache", "Caches", "Database", "Databases"]
