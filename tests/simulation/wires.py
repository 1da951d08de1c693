"""Connections in memory that behave as TCP does on a bad day.

A wire has two ends and carries messages in order, each way with its own delay. It can be

    cut          both ends hear of it, and a part of what was under way arrives before
    half cut     one end hears of it, the other only by the silence
    silent       one way or both: what is said arrives when the silence is over, if that is soon enough;
                 an end that has heard nothing for `patience` seconds takes the connection for dead

Other wires know nothing of it, so what travels on two wires arrives in any order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from random import Random
from typing import Any, Protocol

from simulation.clock import Clock, Process, Timer


class End(Protocol):
    """Who sits at an end of a wire."""

    process: Process

    def arrived(self, messages: Sequence[Any]) -> None:
        """One read from the socket."""

    def lost(self) -> None:
        """The connection is gone; nothing more will come."""


class _Lane:
    """One direction.

    Attributes:
        delay: seconds that a message takes at most.
        silent: nothing gets through.
    """

    def __init__(self, clock: Clock, random: Random, patience: float, delay: float) -> None:
        self.delay = delay
        self.silent = False
        self.receiver: End | None = None
        self.sender_open = True
        self._clock = clock
        self._random = random
        self._patience = patience
        self._under_way: deque[list[Any]] = deque()
        self._arrives = 0.0
        self._overdue = 0  # batches that would have arrived, but for the silence
        self._death: Timer | None = None

    def send(self, messages: Sequence[Any]) -> None:
        if not self.sender_open or not messages:
            return
        batch = list(messages)
        if len(batch) > 1 and self._random.random() < 0.1:  # the socket was read before the rest came
            middle = self._random.randrange(1, len(batch))
            self._put(batch[:middle])
            batch = batch[middle:]
        self._put(batch)

    def _put(self, batch: list[Any]) -> None:
        self._under_way.append(batch)
        self._arrives = max(self._arrives, self._clock.now + self._random.random() * self.delay)
        self._clock.later(self._arrives - self._clock.now, self._arrive)

    def _arrive(self) -> None:
        if self.silent:
            self._overdue += 1
        elif self._under_way:
            self._hand_over(self._under_way.popleft())

    def _hand_over(self, batch: list[Any]) -> None:
        if self.receiver is not None:
            self.receiver.process.do(self._received, batch)

    def _received(self, batch: list[Any]) -> None:
        if self.receiver is not None:  # it may have hung up while it was stopped
            self.receiver.arrived(batch)

    def silence(self) -> None:
        """Nothing gets through from now on."""
        if not self.silent:
            self.silent = True
            if self._patience < inf:
                self._death = self._clock.later(self._patience, self._dead)

    def heal(self) -> None:
        """What was said meanwhile arrives."""
        if self.silent:
            self.silent = False
            if self._death is not None:
                self._death.cancel()
            for _ in range(min(self._overdue, len(self._under_way))):
                self._hand_over(self._under_way.popleft())
            self._overdue = 0
            if not self.sender_open and self.receiver is not None:
                self._hang_up()

    def repeat(self, kinds: tuple[type, ...]) -> bool:
        """The next message under way of these kinds arrives twice; False if there is none."""
        for batch in self._under_way:
            for place, message in enumerate(batch):
                if isinstance(message, kinds):
                    batch.insert(place + 1, message)
                    return True
        return False

    def close(self, *, heard: bool) -> None:
        """The sender has hung up; the other end hears of it at once, or only by the silence."""
        if not self.sender_open:
            return
        self.sender_open = False
        if not heard:
            self.silence()
        if not self.silent:
            kept = self._random.randrange(len(self._under_way) + 1) if self._under_way else 0
            for _ in range(kept):
                self._hand_over(self._under_way.popleft())
            self._hang_up()

    def _hang_up(self) -> None:
        self._under_way.clear()
        if self.receiver is not None:
            self.receiver.process.do(self._say_lost)

    def _say_lost(self) -> None:
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.lost()

    def _dead(self) -> None:
        if self.silent:
            self._hang_up()


class Wire:
    """A connection. `near` dialled, `far` was dialled."""

    def __init__(
        self, clock: Clock, random: Random, near: End, far: Callable[[Wire], End], *, patience: float, delay: float
    ) -> None:
        self._there = _Lane(clock, random, patience, delay)
        self._back = _Lane(clock, random, patience, delay)
        self._back.receiver = near
        self._there.receiver = far(self)

    @property
    def open(self) -> bool:
        """Whether either end still takes it for alive."""
        return self._there.receiver is not None or self._back.receiver is not None

    def send_there(self, messages: Sequence[Any]) -> None:
        """The near end says something."""
        self._there.send(messages)

    def send_back(self, messages: Sequence[Any]) -> None:
        """The far end says something."""
        self._back.send(messages)

    def near_closes(self, *, heard: bool = True) -> None:
        """The near end hangs up, and hears nothing more; unheard: its computer has lost its power."""
        self._back.receiver = None
        self._there.close(heard=heard)

    def far_closes(self, *, heard: bool = True) -> None:
        """The far end hangs up, and hears nothing more."""
        self._there.receiver = None
        self._back.close(heard=heard)

    def cut(self) -> None:
        """Something between the ends resets the connection."""
        self._there.close(heard=True)
        self._back.close(heard=True)

    def half_cut(self, near: bool) -> None:
        """One end is told that the connection is gone; the other waits for words that never come."""
        told, other = (self._back, self._there) if near else (self._there, self._back)
        other.close(heard=False)
        told.close(heard=True)

    def silence(self, there: bool, back: bool) -> None:
        """From now on nothing gets through in these directions."""
        if there:
            self._there.silence()
        if back:
            self._back.silence()

    def heal(self) -> None:
        """Everything gets through again."""
        self._there.heal()
        self._back.heal()

    def repeat(self, kinds: tuple[type, ...]) -> bool:
        """A message of these kinds that is under way arrives twice; False if there is none."""
        return self._there.repeat(kinds) or self._back.repeat(kinds)

    def slow_down(self, delay: float) -> None:
        """Messages take up to so many seconds from now on."""
        self._there.delay = self._back.delay = delay
