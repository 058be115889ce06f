"""Certificates: requested ones, which moto issues by itself, and imported ones."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_CERTIFICATE = {"CertificateArn": "{id}"}
_PARTS = {
    "certificateBody": "Certificate",
    "certificateChain": "CertificateChain",
    "privateKey": "PrivateKey",
}


def _import(context: Context) -> str | None:
    if not context.inputs.get("privateKey"):
        return None
    parts = {
        member: context.inputs[name].encode()
        for name, member in _PARTS.items()
        if context.inputs.get(name)
    }
    tags = {**context.session.default_tags, **(context.inputs.get("tags") or {})}
    if context.id:
        parts["CertificateArn"] = context.id
    elif tags:
        parts["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return str(context.client().import_certificate(**parts)["CertificateArn"])


def _import_again(context: Context, changed: set[str]) -> None:
    if changed & _PARTS.keys():
        _import(context)


def _either(inputs: Properties) -> list[tuple[str, str]]:
    if inputs.get("domainName") is not None or inputs.get("privateKey") is not None:
        return []
    return [("domainName", "or privateKey and certificateBody are needed")]


def _validation(_context: Context, found: Properties) -> list[Properties]:
    return [
        {
            "domainName": option["DomainName"],
            "resourceRecordName": option["ResourceRecord"]["Name"],
            "resourceRecordType": option["ResourceRecord"]["Type"],
            "resourceRecordValue": option["ResourceRecord"]["Value"],
        }
        for option in found.get("DomainValidationOptions") or []
        if option.get("ResourceRecord")
    ]


CERTIFICATE = ResourceType(
    type="aws:acm/certificate:Certificate",
    service="acm",
    # An imported certificate has no domain name of the program's, a requested one must.
    create=Call("RequestCertificate", {"DomainName": "{domainName}"}),
    id="CertificateArn",
    reads=(Call("DescribeCertificate", _CERTIFICATE, result="Certificate"),),
    creating=_import,
    updated=_import_again,
    check=_either,
    delete=Call("DeleteCertificate", _CERTIFICATE),
    arn="{id}",
    rename={"validationOptions": "DomainValidationOptions"},
    outputs={
        "domainValidationOptions": _validation,
        # AWS lists the certificate's first name among the others.
        "subjectAlternativeNames": lambda _context, found: [
            name
            for name in found.get("SubjectAlternativeNames") or []
            if name != found["DomainName"]
        ],
    },
    # moto issues a requested certificate a little after the request.
    unread=("status", "validationOptions", "options", "keyAlgorithm"),
    also=tuple(_PARTS),
    tagging=Tagging(
        tag="AddTagsToCertificate",
        untag="RemoveTagsFromCertificate",
        resource=_CERTIFICATE,
        keys="Tags",
        form="list",
        read=Call("ListTagsForCertificate", _CERTIFICATE, result="Tags"),
    ),
)


def _validate(context: Context) -> str:
    """Look whether each name has its record, as AWS does before it issues a certificate.

    LookupError names the records that are missing. moto issues without looking.
    """
    arn = context.inputs["certificateArn"]
    described = context.client().describe_certificate(CertificateArn=arn)["Certificate"]
    given = context.inputs.get("validationRecordFqdns")
    if given is not None:
        known = {name.rstrip(".") for name in given}
        wanted = {one["resourceRecordName"].rstrip(".") for one in _validation(context, described)}
        if missing := sorted(wanted - known):
            raise LookupError(f"{arn} lacks the validation records {', '.join(missing)}")
    return str(arn)


CERTIFICATE_VALIDATION = ResourceType(
    type="aws:acm/certificateValidation:CertificateValidation",
    service="acm",
    create=Call("DescribeCertificate"),
    id="{certificateArn}",
    reads=(Call("DescribeCertificate", {"CertificateArn": "{certificateArn}"}, "Certificate"),),
    creating=_validate,
    replace=("certificateArn", "validationRecordFqdns"),
    also=("validationRecordFqdns",),
    unread=("validationRecordFqdns",),
)

TYPES = (CERTIFICATE, CERTIFICATE_VALIDATION)
