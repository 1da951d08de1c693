"""A key of one's own, and the request for a certificate for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class Request:
    """A key and its request, both in PEM.

    Attributes:
        key: the private key; it stays with whoever made it.
        csr: for the authority.
    """

    key: bytes = field(repr=False)
    csr: bytes


def make_request() -> Request:
    """A new P-256 key with its request."""
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder(subject_name=x509.Name([])).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Request(pem, csr.public_bytes(serialization.Encoding.PEM))
