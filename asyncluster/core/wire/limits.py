"""Every limit on what travels: sizes in bytes, waits in seconds, counts. One place, so that all of them can be read.

A peer that goes over a limit of a connection loses that connection and nothing else; other peers do not notice.
"""

from __future__ import annotations

# --- A connection before its login is over -----------------------------------------------------------------

#: Largest frame. The longest of the login, HELLO, is shorter still; see `login`.
LOGIN_FRAME = 256

#: From accept to the end of the login, TLS handshake included.
LOGIN_SECONDS = 60.0

#: For each single step of a peer while the master has nothing else to compute: then nobody but the peer is slow.
LOGIN_STEP_SECONDS = 10.0

#: Connections that have not logged in yet. The one that has been silent longest makes room for a new one.
UNAUTHENTICATED = 2000

#: The same from one address; loopback is exempt, since trials run many nodes on one machine.
UNAUTHENTICATED_PER_ADDRESS = 16

#: Failed logins from one address at once, and the wait for each further one. Logins that succeed never count.
LOGIN_FAILURES = 5
LOGIN_FAILURE_SECONDS = 10.0

#: Addresses whose failures are remembered; the one that failed longest ago is forgotten first.
LOGIN_FAILURE_ADDRESSES = 4096

#: At most one log line about the refused logins of an address in this time.
LOGIN_LOG_SECONDS = 60.0

# --- A connection after its login ------------------------------------------------------------------------------

#: Nodes that may be logged in at once.
NODES = 2000

#: Largest frame on any of our links once the peer is known. Longer data travel in chunks.
FRAME = 1024 * 1024

#: Output that a peer has not read yet; beyond it, who sends is told to wait (`Link.paused`).
UNREAD_OUTPUT = 16 * 1024 * 1024

#: A peer that takes none of its waiting output for so long is dropped.
STUCK_SECONDS = 60.0

#: A network link says something at least this often ...
HEARTBEAT_SECONDS = 5.0

#: ... and one that says nothing for so long is dead.
SILENCE_SECONDS = 15.0

#: The kernel gives up on sent data that nobody acknowledges.
TCP_USER_TIMEOUT_SECONDS = 20.0

#: A closed link may take so long to send what is left and to take leave.
CLOSE_SECONDS = 10.0

#: A connection that has ended is a circle of objects, a hundred kilobytes with what TLS keeps: the master frees them
#: this often.
SWEEP_SECONDS = 60.0

# --- A node that looks for its master ----------------------------------------------------------------------

#: One attempt to reach the master's port.
CONNECT_SECONDS = 20.0

#: Between two addresses of one master, the second being tried beside the first; and on the node's own machine, where
#: each answers at once.
ADDRESS_SECONDS = 0.3
NEAR_ADDRESS_SECONDS = 0.01

#: Waits between attempts are random between nothing and a bound that doubles from the first to the last, with a rest
#: of so many attempts on the way: a master that is restarted is back soon, and its nodes should be too. The last one
#: and an attempt that had just begun in vain are less than the minute in which everybody is back after any fault.
RECONNECT_FIRST_SECONDS = 0.25
RECONNECT_REST_SECONDS = 2.0
RECONNECT_REST_ATTEMPTS = 20
RECONNECT_LAST_SECONDS = 30.0

#: Before all these: bound and number of attempts of a node whose master is on its own machine.
RECONNECT_NEAR_SECONDS = 0.05
RECONNECT_NEAR_ATTEMPTS = 60

#: After a refusal, which a person has to mend: fixed.
RECONNECT_REFUSED_SECONDS = 60.0

#: A connection that lasted so long was a good one: the waits start from the first again.
RECONNECT_RESET_SECONDS = 30.0

# --- Large data ------------------------------------------------------------------------------------------------

#: Payloads and buffers over this travel as blobs, on their own, once a link.
INLINE = 64 * 1024

#: A piece of a blob on a link that cannot pass descriptors.
CHUNK = 256 * 1024

#: Calls go into one frame until it has this many bytes; the largest payload of all still fits behind them.
BATCH = FRAME // 2

#: One blob.
BLOB = 4 * 1024 * 1024 * 1024

#: Descriptors that a local peer may send ahead of the messages that name them.
DESCRIPTORS = 64

# --- Environments ----------------------------------------------------------------------------------------------

#: Environments that a master keeps; each node has all of them.
ENVIRONMENTS = 32
