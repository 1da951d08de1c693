"""TLS 1.3 between nodes and master: a self-signed key at the master, and no certificate authority at all.

The certificate says nothing about who the master is. What says so is the mutual login inside the channel
(`asyncluster.core.wire.login`), bound to the channel by its exporter: somebody in the middle has two channels, with
two exporters, and fails. The master's key is kept all the same, so that nodes can remember it (`pin`).
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import (
    IAddress,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from asyncluster.core.errors import ConfigError
from asyncluster.core.net.clock import Clock

_EXPORTER_LABEL = b"EXPORTER-Channel-Binding"  # RFC 9266
_EXPORTER_SIZE = 32
_VALID_DAYS = 3650


@dataclass(frozen=True)
class MasterKey:
    """The master's P-256 key and a certificate for it; the certificate is made anew by each master process."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """What nodes remember: SHA-256 of the public key, in hexadecimal."""
        return _fingerprint(self.certificate)

    def derived(self, purpose: bytes) -> bytes:
        """32 bytes that only this master can make, the same in each of its processes."""
        secret = self.private.private_numbers().private_value.to_bytes(32, "big")
        return hmac.digest(secret, b"asyncluster " + purpose, "sha256")


def load_master_key(path: Path) -> MasterKey:
    """Reads the master's key from `path`, or makes one there, mode 0600.

    Raises:
        ConfigError: the file cannot be read or made, holds no such key, or is open to other users.
    """
    try:
        pem = _read_private(path) if path.exists() else _create(path)
        key = serialization.load_pem_private_key(pem, password=None)
    except OSError as error:
        raise ConfigError(f"The master's key {path} cannot be used: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path} holds no key. Restore it, or delete it for a new one.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"{path} holds a key of the wrong type. Delete it for a new one.")
    return MasterKey(key, _certificate(key))


def _read_private(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode) or mode & 0o077:
            raise ConfigError(f"The master's key {path} is open to other users. Run: chmod 600 {path}")
        return file.read(64 * 1024)


def _create(path: Path) -> bytes:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    # Whole or not at all: a master that is killed while it writes must not leave half a key.
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    return pem


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AsynCluster master")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - datetime.timedelta(days=1),
        not_valid_after=now + datetime.timedelta(days=_VALID_DAYS),
    )
    return builder.sign(key, hashes.SHA256())


def _fingerprint(certificate: x509.Certificate) -> str:
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(spki).hexdigest()


def _context() -> SSL.Context:
    """TLS 1.3 and nothing older: only there an exporter binds to one channel whatever the ends are. No resumption."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET)
    return context


@implementer(IOpenSSLServerConnectionCreator)
class MasterTLS:
    """Makes the master's ends of TLS channels."""

    def __init__(self, key: MasterKey) -> None:
        self._context = _context()
        self._context.use_certificate(key.certificate)
        self._context.use_privatekey(key.private)

    def serverConnectionForTLS(self, _unused_protocol: Any) -> SSL.Connection:
        return SSL.Connection(self._context, None)

    def wrap(self, factory: Factory, clock: Clock) -> TLSMemoryBIOFactory:
        """`factory`, with TLS beneath its protocols."""
        return _Unbuffered(self, False, factory, clock)  # type: ignore[arg-type]  # zope's interfaces


@implementer(IOpenSSLClientConnectionCreator)
class NodeTLS:
    """Makes the nodes' ends of TLS channels.

    No certificate is verified. That is safe for one reason only: a node believes nothing that comes through the
    channel before the master has proved the server password *for this channel*, and sends nothing that helps an
    impostor. Whoever uses this class without the mutual login is open to anybody in the middle.
    """

    def __init__(self) -> None:
        self._context = _context()
        self._context.set_verify(SSL.VERIFY_NONE)

    def clientConnectionForTLS(self, _unused_protocol: Any) -> SSL.Connection:
        return SSL.Connection(self._context, None)

    def wrap(self, factory: Factory, clock: Clock) -> TLSMemoryBIOFactory:
        """`factory`, with TLS beneath its protocols."""
        return _Unbuffered(self, True, factory, clock)  # type: ignore[arg-type]


class _Unbuffered(TLSMemoryBIOFactory):
    """Twisted's own, but a connection may be declined, and its protocol does not hold small writes back for a turn:
    `framed` does that itself, and knows when not to.
    """

    protocol = TLSMemoryBIOProtocol

    def buildProtocol(self, addr: IAddress | None) -> TLSMemoryBIOProtocol | None:  # type: ignore[override]
        wrapped = self.wrappedFactory.buildProtocol(addr)
        return None if wrapped is None else self.protocol(self, wrapped)


def exporter(transport: TLSMemoryBIOProtocol) -> bytes:
    """32 bytes that only the two ends of this TLS channel can know; after the handshake."""
    handle: SSL.Connection = transport.getHandle()
    return handle.export_keying_material(_EXPORTER_LABEL, _EXPORTER_SIZE, b"")


def peer_fingerprint(transport: TLSMemoryBIOProtocol) -> str:
    """The other end's public key as `MasterKey.fingerprint` shows it; after the handshake, at the node."""
    certificate = transport.getPeerCertificate()
    return _fingerprint(certificate.to_cryptography())
