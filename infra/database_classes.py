"""RDS instance classes and what follows from them. Pure."""

# "Hardware specifications for DB instance classes":
# docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
_BURSTABLE = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
_GENERAL = {"large": 8, "xlarge": 16, "2xlarge": 32, "4xlarge": 64, "8xlarge": 128}
_MEMORY_OPTIMIZED = {size: 2 * memory for size, memory in _GENERAL.items()}
_FAMILIES = {
    "t4g": _BURSTABLE,
    "t3": _BURSTABLE,
    "m7g": _GENERAL,
    "m6g": _GENERAL,
    "m6i": _GENERAL,
    "r7g": _MEMORY_OPTIMIZED,
    "r6g": _MEMORY_OPTIMIZED,
    "r6i": _MEMORY_OPTIMIZED,
}

MEMORY_GIB = {
    f"db.{family}.{size}": memory
    for family, sizes in _FAMILIES.items()
    for size, memory in sizes.items()
}

# RDS's default of max_connections for PostgreSQL, LEAST({DBInstanceClassMemory/9531392},5000):
# docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
_BYTES_A_CONNECTION = 9531392
_MOST_CONNECTIONS = 5000


def max_connections(instance_class: str) -> int:
    """Return PostgreSQL's ``max_connections`` by RDS's formula; KeyError for an unknown class.

    It is an upper bound: what the formula calls memory is the class's less what RDS itself needs.
    """
    memory = MEMORY_GIB[instance_class] * 1024**3
    return min(memory // _BYTES_A_CONNECTION, _MOST_CONNECTIONS)
