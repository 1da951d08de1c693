"""How long results wait for each other on their way, and how much work lies ahead meanwhile; all in seconds.

    worker ── WORKER_GATHERS ─▶ node daemon ── NODE_GATHERS ─▶ master ───────────────▶ client
    worker ◀── WORKER_AHEAD ─── node daemon ◀── NODE_AHEAD ─── master ◀─ CLIENT_AHEAD ─ client (an executor)

A message costs more than many small results. So while a worker is busy its results gather, first with it and then at
the node daemon; those of a worker that has nothing more to do wait for nothing.

Nobody may run dry by that. Who hands on work sees what has been reported, not what has been finished, and hands on more
when half of what it gave has been reported. So half of what lies ahead has to last as long as results gather between
here and there, and `MARGIN` for the messages themselves. Longer gathering makes calls cheaper and needs more ahead, and
what lies ahead is what nobody else can take at the end of a queue.
"""

from __future__ import annotations

WORKER_GATHERS = 0.020
NODE_GATHERS = 0.020
MARGIN = 0.010

WORKER_AHEAD = 2 * (WORKER_GATHERS + MARGIN)
NODE_AHEAD = 2 * (WORKER_GATHERS + NODE_GATHERS + MARGIN)
CLIENT_AHEAD = NODE_AHEAD

#: A node with short calls that has reported nothing for so long may be stuck.
SILENCE = WORKER_GATHERS + NODE_GATHERS + 3 * MARGIN
