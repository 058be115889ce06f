"""The sandbox's certificate authority."""

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from sandbox.certificates import Certificate, ca_bundle, issue
from sandbox.paths import Instance


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path))
    return Instance("certified", 151)


def handshake(server: Certificate, authority: Path, host: str) -> None:
    """Connect to a server with that certificate, as a client that knows the authority only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            context.wrap_socket(theirs, server_side=True).close()
        except (ssl.SSLError, OSError):
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        trusting = ssl.create_default_context(cafile=str(authority))
        trusting.wrap_socket(ours, server_hostname=host).close()
    finally:
        ours.close()
        thread.join()


def test_a_client_that_trusts_the_authority_accepts_a_server_at_its_address(
    instance: Instance,
) -> None:
    server = issue(instance, "server", ["127.215.0.3", "server.internal"])
    handshake(server, ca_bundle(instance), "127.215.0.3")


def test_a_certificate_does_not_serve_another_address(instance: Instance) -> None:
    server = issue(instance, "server", ["127.215.0.3"])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, ca_bundle(instance), "127.215.0.4")


def test_a_certificate_of_a_client_does_not_serve(instance: Instance) -> None:
    client = issue(instance, "client", ["127.215.0.3"], client=True)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(client, ca_bundle(instance), "127.215.0.3")


def test_another_sandbox_is_not_trusted(instance: Instance) -> None:
    server = issue(instance, "server", ["127.215.0.3"])
    other = Instance("other", 152)
    issue(other, "server", ["127.215.0.3"])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, ca_bundle(other), "127.215.0.3")


def test_a_certificate_is_issued_once(instance: Instance) -> None:
    first = issue(instance, "server", ["127.215.0.3"]).certificate.read_bytes()
    assert issue(instance, "server", ["127.215.0.3"]).certificate.read_bytes() == first


def test_other_hosts_get_another_certificate(instance: Instance) -> None:
    first = issue(instance, "server", ["127.215.0.3"]).certificate.read_bytes()
    assert issue(instance, "server", ["127.215.0.4"]).certificate.read_bytes() != first


def test_a_removed_authority_takes_its_certificates_along(instance: Instance) -> None:
    issue(instance, "server", ["127.215.0.3"])
    ca_bundle(instance).unlink()
    handshake(issue(instance, "server", ["127.215.0.3"]), ca_bundle(instance), "127.215.0.3")


def test_private_keys_are_their_owners_alone(instance: Instance) -> None:
    issue(instance, "server", ["127.215.0.3"])
    keys = list(ca_bundle(instance).parent.glob("*.key"))
    assert len(keys) == 2
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_a_client_certificate_carries_user_and_group(instance: Instance) -> None:
    client = issue(instance, "somebody", client=True, organization="some:group")
    certificate = x509.load_pem_x509_certificate(client.certificate.read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=somebody,O=some:group"


def test_a_certificate_whose_key_is_another_s_is_issued_anew(instance: Instance) -> None:
    server, other = issue(instance, "server", ["127.215.0.3"]), issue(instance, "other")
    server.key.write_bytes(other.key.read_bytes())
    handshake(issue(instance, "server", ["127.215.0.3"]), ca_bundle(instance), "127.215.0.3")
