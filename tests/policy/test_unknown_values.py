"""What is not known in a preview never counts as kept."""

from broken_controls import both, made_from, put, without
from example_stack import compliant
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE
from served_pack import ServedPack, Told

UNKNOWN = UNKNOWN_STRING_VALUE


def judged(pack: ServedPack, *changes: object) -> list[Told]:
    stack = compliant()
    both(*changes)(stack)  # type: ignore[arg-type]
    return [found for found in pack.judge(stack) if found.policy != "waivers"]


def test_an_unknown_document_is_told_as_not_checked(pack: ServedPack) -> None:
    (found,) = judged(pack, put("role-policy", "policy", UNKNOWN))
    assert found.policy == "not-checked"
    assert not found.mandatory
    assert "RolePolicy::gateway: row 10: policy is not known yet" in found.message
    assert "restricts-resources" in found.message


def test_an_unknown_key_of_this_stack_is_a_customer_managed_one(pack: ServedPack) -> None:
    assert judged(pack, put("secret", "kmsKeyId", UNKNOWN)) == []


def test_an_unknown_key_from_elsewhere_is_told_as_not_checked(pack: ServedPack) -> None:
    (found,) = judged(
        pack, put("secret", "kmsKeyId", UNKNOWN), made_from("secret", "kmsKeyId", "vpc")
    )
    assert "row 20: kmsKeyId is not known yet [is-encrypted]" in found.message


def test_an_unknown_value_hides_no_violation_beside_it(pack: ServedPack) -> None:
    found = judged(
        pack,
        put("cluster", "upgradePolicy", UNKNOWN),
        put("cluster", "version", "1.30"),
    )
    assert {(told.policy, told.mandatory) for told in found} == {
        ("05-cluster-version", True),
        ("not-checked", False),
    }


def test_a_vpc_of_someone_else_is_told_as_not_checked(pack: ServedPack) -> None:
    found = judged(pack, without("vpc"))
    assert {told.policy for told in found} == {"not-checked"}
    assert any("row 14: the VPC is another's" in told.message for told in found)


def test_a_database_class_without_known_memory_is_told_as_not_checked(pack: ServedPack) -> None:
    (found,) = judged(pack, put("database", "instanceClass", "db.z9.huge"))
    assert "row 32: the memory of db.z9.huge is not known" in found.message


def test_a_name_that_is_set_but_not_known_is_set(pack: ServedPack) -> None:
    assert judged(pack, put("database", "finalSnapshotIdentifier", UNKNOWN)) == []


def test_an_attached_policy_of_this_stack_is_looked_at_where_it_is_made(pack: ServedPack) -> None:
    attached = both(
        put("attachment", "policyArn", UNKNOWN), made_from("attachment", "policyArn", "iam-policy")
    )
    assert judged(pack, attached) == []
