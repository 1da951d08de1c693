from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from OpenSSL import SSL

from asyncluster.core.errors import ConfigError
from asyncluster.core.net import tls


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.pem"
    first, again = tls.load_master_key(path), tls.load_master_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["master.pem"]
    assert isinstance(first.private.curve, ec.SECP256R1)
    assert first.fingerprint == again.fingerprint
    assert len(first.fingerprint) == 64


def test_the_key_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        tls.load_master_key(tmp_path / "master.pem")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "master.pem").stat().st_mode) == 0o600


def test_a_half_written_key_of_a_killed_master_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "master.pem.new").write_text("-----BEGIN")
    assert tls.load_master_key(tmp_path / "master.pem")


def test_the_key_shows_nothing_of_itself(tmp_path: Path) -> None:
    assert "private" not in repr(tls.load_master_key(tmp_path / "master.pem"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.pem"
    tls.load_master_key(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        tls.load_master_key(path)


def test_files_that_hold_no_such_key_are_refused(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")
    other = tmp_path / "other.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    locked = tmp_path / "locked.pem"
    locked.write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"x")))
    other.write_bytes(
        ed25519.Ed25519PrivateKey.generate().private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    )
    for path in (rubbish, other, locked):
        path.chmod(0o600)
        with pytest.raises(ConfigError, match=path.name):
            tls.load_master_key(path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used: No such file"):
        tls.load_master_key(tmp_path / "missing" / "master.pem")


# --- The channel -----------------------------------------------------------------------------------------------


def handshake(server: SSL.Connection, client: SSL.Connection) -> int:
    """Runs the handshake of two connections in memory to its end; returns how much the server said in it."""
    said = 0
    server.set_accept_state()
    client.set_connect_state()
    for _ in range(4):
        for connection, other in ((client, server), (server, client)):
            try:
                connection.do_handshake()
                connection.recv(1)
            except SSL.WantReadError:
                pass
            try:
                data = connection.bio_read(2**16)
            except SSL.WantReadError:
                continue
            other.bio_write(data)
            said += len(data) if connection is server else 0
    return said


def test_both_ends_export_the_same_and_another_channel_exports_something_else(master_key: tls.MasterKey) -> None:
    exported = []
    for _ in range(2):
        server = tls.MasterTLS(master_key).serverConnectionForTLS(None)
        client = tls.NodeTLS().clientConnectionForTLS(None)
        handshake(server, client)
        assert client.get_protocol_version_name() == "TLSv1.3"
        ends = {end.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"") for end in (server, client)}
        assert len(ends) == 1
        exported += ends
    assert exported[0] != exported[1]


def test_tls_1_2_is_refused_by_the_master(master_key: tls.MasterKey) -> None:
    server = tls.MasterTLS(master_key).serverConnectionForTLS(None)
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with pytest.raises(SSL.Error):
        handshake(server, SSL.Connection(context, None))


def test_tls_1_2_is_refused_by_a_node(master_key: tls.MasterKey) -> None:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.use_certificate(master_key.certificate)
    context.use_privatekey(master_key.private)
    with pytest.raises(SSL.Error):
        handshake(SSL.Connection(context, None), tls.NodeTLS().clientConnectionForTLS(None))


def answers_to_two_logins(make_server: Callable[[], SSL.Connection]) -> tuple[int, int]:
    """Sizes of what a server says to a new client, and to the same client when it comes back with its session."""
    context = SSL.Context(SSL.TLS_METHOD)
    first, second = SSL.Connection(context, None), SSL.Connection(context, None)
    sizes = [handshake(make_server(), first)]
    session = first.get_session()
    assert session is not None
    second.set_session(session)
    return sizes[0], handshake(make_server(), second)


def test_no_session_is_resumed(master_key: tls.MasterKey) -> None:
    """A resumed session comes without the certificate, as the shorter answer shows."""
    usual = SSL.Context(SSL.TLS_METHOD)
    usual.use_certificate(master_key.certificate)
    usual.use_privatekey(master_key.private)
    new, again = answers_to_two_logins(lambda: SSL.Connection(usual, None))
    assert again < new - 300

    master = tls.MasterTLS(master_key)
    new, again = answers_to_two_logins(lambda: master.serverConnectionForTLS(None))
    assert again > new - 50
