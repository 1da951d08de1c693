"""The two passwords that a node and its master share, stretched and made ready for SPAKE2.

A password enters here as text and leaves only as points of a curve; no object of this module shows any of it in its
repr. A random key of 256 bits (`randomkeys`) needs no stretching and is hashed once. `login` says what is done with
them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from spake2 import SPAKE2_A, SPAKE2_B
from spake2.spake2 import DefaultParams

from asyncluster.core.errors import ConfigError
from asyncluster.core.wire.randomkeys import is_key

SCRYPT_N = 2**15  # 66 ms and 32 MiB for each guess
MAX_USER_BYTES = 128
PLACEHOLDER = "YOU-MUST-CHANGE-THIS"

_SCRYPT_R = 8
_SCRYPT_MEMORY = 256 * 1024 * 1024  # an upper bound that OpenSSL wants to know

#: Bytes from a source of randomness, as `os.urandom`.
Entropy: TypeAlias = Callable[[int], bytes]


class _Product:
    """A point times the password, computed once; SPAKE2 asks for the same product in every run."""

    def __init__(self, element: Any) -> None:
        self._element = element

    def scalarmult(self, _unused_scalar: int) -> Any:
        return self._element


@dataclass(frozen=True)
class _Products:
    """What one side of SPAKE2 takes of a password."""

    blinding: _Product = field(repr=False)
    unblinding: _Product = field(repr=False)


class Secret:
    """A stretched password with the two products that SPAKE2 takes of it, at either end. Shows nothing of itself."""

    def __init__(self, password: bytes) -> None:
        self.password = password

    @cached_property
    def of_node(self) -> _Products:
        """8 ms at the first time."""
        return self._products(DefaultParams.M, DefaultParams.N)

    @cached_property
    def of_master(self) -> _Products:
        """Likewise."""
        return self._products(DefaultParams.N, DefaultParams.M)

    def _products(self, own: Any, other: Any) -> _Products:
        scalar = DefaultParams.group.password_to_scalar(self.password)
        return _Products(_Product(own.scalarmult(scalar)), _Product(other.scalarmult(-scalar)))


class NodeSide(SPAKE2_A):  # type: ignore[misc]
    """SPAKE2's side A with the products of `Secret`: 4 ms a run instead of 7."""

    def __init__(self, secret: Secret, ids: tuple[bytes, bytes], entropy: Entropy) -> None:
        super().__init__(secret.password, idA=ids[0], idB=ids[1], entropy_f=entropy)
        self._secret = secret

    def my_blinding(self) -> _Product:
        return self._secret.of_node.blinding

    def my_unblinding(self) -> _Product:
        return self._secret.of_node.unblinding


class MasterSide(SPAKE2_B):  # type: ignore[misc]
    """SPAKE2's side B, likewise."""

    def __init__(self, secret: Secret, ids: tuple[bytes, bytes], entropy: Entropy) -> None:
        super().__init__(secret.password, idA=ids[0], idB=ids[1], entropy_f=entropy)
        self._secret = secret

    def my_blinding(self) -> _Product:
        return self._secret.of_master.blinding

    def my_unblinding(self) -> _Product:
        return self._secret.of_master.unblinding


class LoginKeys:
    """What a process needs for all its logins; made once, since stretching passwords is slow on purpose.

    Args:
        user: the nodes' common name.
        client_password: what a node proves.
        server_password: what the master proves.
        scrypt_n: cost of stretching; the same at both ends. Tests take less than the default.

    Raises:
        ConfigError: the user or a password cannot be used; see `unusable_passwords`.
    """

    def __init__(self, user: str, client_password: str, server_password: str, *, scrypt_n: int = SCRYPT_N) -> None:
        problems = unusable_passwords(client_password, server_password)
        self.user = unicodedata.normalize("NFC", user).encode()
        if not 0 < len(self.user) <= MAX_USER_BYTES:
            problems.append(f"The user is empty or longer than {MAX_USER_BYTES} bytes.")
        if problems:
            raise ConfigError("\n".join(problems))
        with ThreadPoolExecutor(2) as both:  # scrypt lets go of the interpreter
            client = both.submit(self._stretch, client_password, b"client", scrypt_n)
            server = both.submit(self._stretch, server_password, b"server", scrypt_n)
        self.client, self.server = Secret(client.result()), Secret(server.result())
        self.decoy = Secret(os.urandom(32))  # what an unknown user's password is compared with

    def prepare_node(self) -> None:
        """Computes now what logins of a node take, while there may be time."""
        _ = self.client.of_node, self.server.of_node

    def prepare_master(self) -> None:
        """Likewise for a master, whose first answer would else tell by its time whether it knows the user."""
        _ = self.client.of_master, self.server.of_master, self.decoy.of_master

    def _stretch(self, password: str, role: bytes, n: int) -> bytes:
        salt = hashlib.sha256(b"asyncluster/1\0" + role + b"\0" + self.user).digest()
        secret = unicodedata.normalize("NFC", password).encode()
        if is_key(password):
            return hmac.digest(secret, salt, "sha256")
        return hashlib.scrypt(secret, salt=salt, n=n, r=_SCRYPT_R, p=1, maxmem=_SCRYPT_MEMORY, dklen=32)


def unusable_passwords(client_password: str, server_password: str) -> list[str]:
    """What forbids using these two passwords, in sentences; empty if nothing does."""
    problems = []
    for name, password in (("client password", client_password), ("server password", server_password)):
        if not password.strip():
            problems.append(f"The {name} is empty. Choose one.")
        elif PLACEHOLDER in password.upper():
            problems.append(f"The {name} is still the template's. Choose one.")
    first, second = (unicodedata.normalize("NFC", each).encode() for each in (client_password, server_password))
    if not problems and hmac.compare_digest(first, second):
        problems.append("The client password and the server password are equal. Choose two different ones.")
    return problems
