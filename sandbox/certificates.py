"""The certificate authority of a sandbox and the certificates it issues."""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.paths import Instance
from sandbox.whole_file import write_file

_VALIDITY = datetime.timedelta(days=3650)
_RENEW_BEFORE = datetime.timedelta(days=30)


@dataclass(frozen=True)
class Certificate:
    """The PEM files of a certificate and of its private key, which only its owner may read."""

    certificate: Path
    key: Path


def ca_bundle(instance: Instance) -> Path:
    """Return the path of the authority's certificate; it exists once something was issued."""
    return _directory(instance) / "ca.crt"


def authority(instance: Instance) -> Certificate:
    """Return the sandbox's certificate authority, which is made once and lasts ten years."""
    files = Certificate(ca_bundle(instance), _directory(instance) / "ca.key")
    if files.certificate.exists() and files.key.exists():
        return files
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"sandbox {instance.name} authority")
    certificate = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(files, certificate, key)
    return files


def issue(
    instance: Instance,
    name: str,
    hosts: Sequence[str] = (),
    *,
    client: bool = False,
    organization: str | None = None,
    user: str | None = None,
) -> Certificate:
    """Return a certificate for a common name, signed by the sandbox's authority.

    ``hosts`` are the addresses and host names it serves; ``client`` makes it one that identifies
    its holder, whose group to Kubernetes is ``organization``. As root ``user`` becomes the owner
    of both files. Asked again, the same files are returned, unless they serve other hosts, come
    from another authority or expire within a month.
    """
    issuer_files = authority(instance)
    issuer = x509.load_pem_x509_certificate(issuer_files.certificate.read_bytes())
    stem = name.replace(":", "-").replace("/", "-")
    files = Certificate(_directory(instance) / f"{stem}.crt", _directory(instance) / f"{stem}.key")
    subject = _name(name, organization)
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    if not _still_good(files, issuer, subject, names, usage):
        issuer_key = serialization.load_pem_private_key(issuer_files.key.read_bytes(), None)
        if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{issuer_files.key} does not hold an elliptic-curve key")
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(subject, issuer.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
                critical=False,
            )
        )
        if hosts:
            builder = builder.add_extension(names, critical=False)
        _write(files, builder.sign(issuer_key, hashes.SHA256()), key, user)
    return files


def _still_good(
    files: Certificate,
    issuer: x509.Certificate,
    subject: x509.Name,
    names: x509.SubjectAlternativeName,
    usage: x509.ObjectIdentifier,
) -> bool:
    if not (files.certificate.exists() and files.key.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    try:
        certificate.verify_directly_issued_by(issuer)
        # Two writers at once, or one that was killed, may leave a pair that does not fit.
        key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    except Exception:  # a wrong name, signature or file are errors of different kinds
        return False
    if key.public_key() != certificate.public_key():
        return False
    now = datetime.datetime.now(datetime.UTC)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        found = x509.SubjectAlternativeName([])
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return (
        certificate.subject == subject
        and found == names
        and list(usages) == [usage]
        and certificate.not_valid_after_utc - now > _RENEW_BEFORE
    )


def _directory(instance: Instance) -> Path:
    return instance.state / "certificates"


def _name(common_name: str, organization: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks that lag a little
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _write(
    files: Certificate,
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    user: str | None = None,
) -> None:
    directory = files.certificate.parent
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o711 if os.geteuid() == 0 else 0o700)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # The certificate is put in place last: with it there, the pair is complete.
    write_file(files.key, private, 0o600, user)
    write_file(files.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644, user)
