"""A conversation with PAM: one transaction from `pam_start` to `pam_end`, in the process that stays for its session.

Modules keep what they know of a session in the transaction and in the process (login uid, limits, keyring), so both
belong to one login and to no other. What modules say (`Told`) is passed on at once; what they ask is answered from the
password, or not at all. Loaded by ctypes: the few functions of libpam that a display manager needs, in its order.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_void_p, cast
from typing import Any

from asyncluster.core.errors import AsynClusterError

TTY, RHOST, RUSER, USER, XDISPLAY = 3, 4, 8, 2, 11
_SUCCESS, _CONV_ERR, _NEW_AUTHTOK_REQD, _BUF_ERR = 0, 19, 12, 5
_PROMPT_ECHO_OFF, _PROMPT_ECHO_ON, _ERROR_MSG, _TEXT_INFO = 1, 2, 3, 4
_ESTABLISH_CRED, _DELETE_CRED = 2, 4
_MOST_MESSAGES = 32  # of one question of a module; the limit of libpam itself

#: Hears a line that a module wants a person to read.
Told = Callable[[str], None]


class PamRefused(AsynClusterError):
    """PAM says no; the message is what its modules told, or else PAM's own words."""


class _Message(Structure):
    _fields_ = [("style", c_int), ("text", c_char_p)]


class _Response(Structure):
    _fields_ = [("text", c_void_p), ("code", c_int)]


_Converse = CFUNCTYPE(c_int, c_int, POINTER(POINTER(_Message)), POINTER(POINTER(_Response)), c_void_p)


class _Conversation(Structure):
    _fields_ = [("function", _Converse), ("data", c_void_p)]


def _library() -> Any:
    library = ctypes.CDLL("libpam.so.0")
    handle = c_void_p
    library.pam_start.argtypes = [c_char_p, c_char_p, POINTER(_Conversation), POINTER(handle)]
    for name in ("authenticate", "acct_mgmt", "setcred", "open_session", "close_session", "end"):
        getattr(library, f"pam_{name}").argtypes = [handle, c_int]
    library.pam_set_item.argtypes = [handle, c_int, c_char_p]
    library.pam_get_item.argtypes = [handle, c_int, POINTER(c_void_p)]
    library.pam_putenv.argtypes = [handle, c_char_p]
    library.pam_getenvlist.argtypes = [handle]
    library.pam_getenvlist.restype = POINTER(c_void_p)
    library.pam_strerror.argtypes = [handle, c_int]
    library.pam_strerror.restype = c_char_p
    return library


_libc = ctypes.CDLL(None)
_libc.calloc.restype = c_void_p
_libc.strdup.argtypes = [c_char_p]
_libc.strdup.restype = c_void_p
_libc.free.argtypes = [c_void_p]


class Pam:
    """One transaction.

    Args:
        service: name of the file in /etc/pam.d.
        user: the account.
        told: hears what modules say.
        password: answers a question that is not echoed; None: such a question fails.

    Raises:
        PamRefused: it cannot be started.
    """

    def __init__(self, service: str, user: str, told: Told, password: str | None = None) -> None:
        self._told = told
        self._password = password
        self._words: list[str] = []
        self._library = _library()
        self._handle = c_void_p()
        self._converse = _Converse(self._answer)  # must live as long as the transaction
        self._conversation = _Conversation(self._converse, None)
        self._status = self._library.pam_start(
            service.encode(), user.encode(), byref(self._conversation), byref(self._handle)
        )
        self._check(self._status)

    def set_item(self, item: int, value: str) -> None:
        """Tells modules about the login: `TTY`, `XDISPLAY`, `RHOST`, `RUSER`."""
        self._check(self._library.pam_set_item(self._handle, item, value.encode()))

    def authenticate(self) -> None:
        """Checks the password; it is forgotten afterwards, whatever the answer."""
        try:
            self._call("authenticate", 0)
        finally:
            self._password = None

    def check_account(self) -> None:
        """Asks whether the account may log in here and now."""
        status = self._library.pam_acct_mgmt(self._handle, 0)
        if status == _NEW_AUTHTOK_REQD:
            raise PamRefused("The password of this account on this computer has expired. Ask the operator.")
        self._check(status)

    def user(self) -> str:
        """Whom PAM thinks this is: modules may change it."""
        item = c_void_p()
        self._check(self._library.pam_get_item(self._handle, USER, byref(item)))
        return os.fsdecode(cast(item, c_char_p).value or b"")

    def put_environment(self, variables: dict[str, str]) -> None:
        """Sets variables of the session."""
        for name, value in variables.items():
            self._check(self._library.pam_putenv(self._handle, f"{name}={value}".encode()))

    def open(self) -> None:
        """Establishes credentials and opens the session; the caller has set the groups before."""
        self._call("setcred", _ESTABLISH_CRED)
        try:
            self._call("open_session", 0)
        except PamRefused:
            self._library.pam_setcred(self._handle, _DELETE_CRED)
            raise

    def environment(self) -> dict[str, str]:
        """The variables that modules and we have set."""
        listed = self._library.pam_getenvlist(self._handle)
        if not listed:
            raise PamRefused("PAM has no memory for the environment.")
        result: dict[str, str] = {}
        index = 0
        while listed[index]:
            name, _, value = os.fsdecode(cast(listed[index], c_char_p).value or b"").partition("=")
            result[name] = value
            _libc.free(listed[index])
            index += 1
        _libc.free(cast(listed, c_void_p))
        return result

    def close(self) -> None:
        """Closes the session and gives back its credentials, as far as the modules can."""
        self._status = self._library.pam_close_session(self._handle, 0)
        self._library.pam_setcred(self._handle, _DELETE_CRED)

    def end(self) -> None:
        """Ends the transaction; the last call. Harmless if done twice."""
        if self._handle:
            self._library.pam_end(self._handle, self._status)
            self._handle = c_void_p()

    def _call(self, name: str, flags: int) -> None:
        self._check(getattr(self._library, f"pam_{name}")(self._handle, flags))

    def _check(self, status: int) -> None:
        self._status = status
        if status == _SUCCESS:
            return
        words = " ".join(self._words) or self._library.pam_strerror(self._handle, status).decode(errors="replace")
        self._words.clear()
        raise PamRefused(f"This computer refuses the login: {words.rstrip('.')}.")

    def _answer(self, count: int, messages: Any, responses: Any, _data: object) -> int:
        """libpam calls this. No exception may leave it, and all memory that it hands out is libc's."""
        if not 1 <= count <= _MOST_MESSAGES:
            return _CONV_ERR
        answers = _libc.calloc(count, ctypes.sizeof(_Response))
        if not answers:
            return _BUF_ERR
        array = cast(answers, POINTER(_Response))
        for index in range(count):
            message = messages[index].contents
            answer = self._answer_one(message.style, message.text or b"")
            if answer is None:
                for filled in range(index):
                    _libc.free(array[filled].text)
                _libc.free(answers)
                return _CONV_ERR
            array[index].text = _libc.strdup(answer) if answer else None
        responses[0] = array
        return _SUCCESS

    def _answer_one(self, style: int, text: bytes) -> bytes | None:
        if style in (_ERROR_MSG, _TEXT_INFO):
            words = "".join(c for c in text.decode(errors="replace") if c.isprintable() or c == " ").strip()[:300]
            if words:
                self._words.append(words)
                self._told(words)
            return b""
        if style == _PROMPT_ECHO_OFF and self._password is not None:
            return self._password.encode()
        return None  # nobody sits there to be asked
