"""Closing what a session's keeper has left open when it was killed: PAM's session and the runtime directory.

The kernel and the steward have ended the processes. PAM's modules get a transaction of their own, for the same account
and place, and hear that the session closes: what they keep outside a process - mounts, records of logins - is undone.
A keeper that was killed in the moment between its record and PAM's opening has its session closed as well; modules take
that for a second close.
"""

from __future__ import annotations

import os
import pwd

from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.session import environment, pam
from asyncluster.ndm.session.channel import Channel, ChannelClosed, Fields
from asyncluster.ndm.session.launch import Who
from asyncluster.ndm.session.login import identify
from asyncluster.ndm.session.orders import Close
from asyncluster.ndm.session.runtime import RuntimeDirectory


def close(order: Close, channel: Channel) -> None:
    """Does it, and tells the steward what failed."""
    if os.geteuid() != 0:
        return  # nobody has asked PAM for anything
    try:
        account = pwd.getpwnam(order.user)
        _close_pam(order, account)
        who = Who(account.pw_uid, account.pw_gid, (), account.pw_dir)
        RuntimeDirectory(who, order.place.directory.parent).remove()
    except KeyError:
        _say(channel, {"event": "failed", "words": f"The account {order.user} is gone, and with it what to close."})
    except (AsynClusterError, OSError) as error:
        _say(channel, {"event": "failed", "words": str(error)})
    else:
        _say(channel, {"event": "ended"})


def _close_pam(order: Close, account: pwd.struct_passwd) -> None:
    transaction = pam.Pam(order.service, order.user, lambda _words: None)
    surroundings = environment.Surroundings(*identify(transaction, order.place), session="")
    os.initgroups(account.pw_name, account.pw_gid)
    transaction.put_environment(environment.asked(account, surroundings))
    transaction.close()
    transaction.end()


def _say(channel: Channel, fields: Fields) -> None:
    try:
        channel.send(fields)
    except ChannelClosed:
        pass  # the steward has gone before
