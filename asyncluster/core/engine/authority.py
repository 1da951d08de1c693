"""The certificate authority of the engine, and of nothing else: whoever has a certificate of it takes part in Dask.

Its key lies in the master's state directory and has nothing to do with the master's own: a stolen certificate opens
nothing but the engine. Private keys never travel: whoever needs a certificate makes a key and sends a request, of
which only the public key counts; what the certificate says of its holder is the master's word.
"""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from asyncluster.core.errors import UsageError
from asyncluster.core.net.tls import load_master_key

#: How long a certificate of a scheduler, a node or a client is valid, and the authority's own.
LEAF_DAYS = 60
_AUTHORITY_DAYS = 3650
_LONGEST_REQUEST = 4096
_EARLIER = datetime.timedelta(hours=1)  # clocks differ


@dataclass(frozen=True)
class Authority:
    """The engine's certificate authority.

    Attributes:
        certificate: in PEM, for everybody.
    """

    certificate: bytes
    _key: ec.EllipticCurvePrivateKey = field(repr=False)
    _name: x509.Name = field(repr=False)

    @classmethod
    def load(cls, state: Path) -> Authority:
        """The authority kept in a state directory; made at the first time.

        Raises:
            ConfigError: its key cannot be read or made, or is open to others.
        """
        key = load_master_key(state / "engine-authority.pem").private
        path = state / "engine-authority.crt"
        kept = _read_certificate(path)
        if kept is None or kept.public_key() != key.public_key() or _ends_soon(kept):
            kept = _self_signed(key)
            _write(path, kept.public_bytes(serialization.Encoding.PEM))
        return cls(kept.public_bytes(serialization.Encoding.PEM), key, kept.subject)

    def sign(self, request: bytes, name: str) -> bytes:
        """A certificate, in PEM, for the key of a request.

        Args:
            request: PKCS #10, in PEM; a P-256 key.
            name: whom the certificate is for, as the master knows them; whatever the request says is ignored.

        Raises:
            UsageError: it is no such request.
        """
        public = _public_key(request)
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder(
                issuer_name=self._name,
                subject_name=_common_name(name),
                public_key=public,
                serial_number=x509.random_serial_number(),
                not_valid_before=now - _EARLIER,
                not_valid_after=now + datetime.timedelta(days=LEAF_DAYS),
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            # Each end of a Dask connection is a server here and a client there.
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _public_key(request: bytes) -> ec.EllipticCurvePublicKey:
    try:
        if len(request) > _LONGEST_REQUEST:
            raise ValueError
        parsed = x509.load_pem_x509_csr(request)
        public = parsed.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
            raise ValueError
        if not parsed.is_signature_valid:
            raise ValueError
    except (ValueError, TypeError, InvalidSignature):
        raise UsageError("This is no request for a certificate with a P-256 key.") from None
    return public


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _common_name("AsynCluster engine")
    now = datetime.datetime.now(datetime.UTC)
    public = key.public_key()
    builder = (
        x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=public,
            serial_number=x509.random_serial_number(),
            not_valid_before=now - _EARLIER,
            not_valid_after=now + datetime.timedelta(days=_AUTHORITY_DAYS),
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _read_certificate(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def _ends_soon(certificate: x509.Certificate) -> bool:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2 * LEAF_DAYS)
    return certificate.not_valid_after_utc < soon


def _write(path: Path, text: bytes) -> None:
    new = path.with_name(path.name + ".new")
    new.write_bytes(text)
    os.replace(new, path)
