from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.engine.authority import Authority
from asyncluster.core.engine.request import make_request
from asyncluster.core.errors import UsageError


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.load(tmp_path_factory.mktemp("state"))


def request_with(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client root")])
    csr = x509.CertificateSigningRequestBuilder(subject_name=name).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    return csr.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_certificate_comes_from_the_authority_and_serves_both_ends(authority: Authority) -> None:
    request = make_request()
    leaf = x509.load_pem_x509_certificate(authority.sign(request.csr, "node pc07"))
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(uses) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    key = serialization.load_pem_private_key(request.key, None)
    assert leaf.public_key() == key.public_key()


def test_what_a_request_says_of_its_sender_counts_for_nothing(authority: Authority) -> None:
    leaf = x509.load_pem_x509_certificate(authority.sign(request_with(ec.generate_private_key(ec.SECP256R1())), "me"))
    assert leaf.subject.rfc4514_string() == "CN=me"
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP384R1())])
def test_other_keys_are_refused(authority: Authority, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(UsageError, match="P-256"):
        authority.sign(request_with(key), "me")


def test_a_request_for_the_key_of_somebody_else_is_refused(authority: Authority) -> None:
    request = x509.load_pem_x509_csr(make_request().csr)
    der = bytearray(request.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1  # the last byte of the signature's second number, which is still a number
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(UsageError):
        authority.sign(forged, "me")


@given(st.binary(max_size=5000))
def test_nonsense_is_refused(authority: Authority, nonsense: bytes) -> None:
    with pytest.raises(UsageError):
        authority.sign(nonsense, "me")


def test_it_stays_the_same_and_its_key_is_nobody_elses(tmp_path: Path) -> None:
    first = Authority.load(tmp_path)
    assert Authority.load(tmp_path).certificate == first.certificate
    assert stat.S_IMODE((tmp_path / "engine-authority.pem").stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(first)
    assert "PRIVATE" not in repr(make_request())


def test_without_its_key_it_is_another_one(tmp_path: Path) -> None:
    first = Authority.load(tmp_path)
    (tmp_path / "engine-authority.pem").unlink()
    assert Authority.load(tmp_path).certificate != first.certificate
