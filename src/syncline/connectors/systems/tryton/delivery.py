"""Sending a batch: one call for many items, halved on refusal until each refusal has its record.

Every call of Tryton is one transaction, so a refused call has changed nothing and may be cut in two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from syncline.connectors.systems.tryton.session import Fault, FaultKind
from syncline.errors import DoubtError, RejectedError, SetupError, TransientError
from syncline.model.page import Item, Outcome, Receipt

#: SQLite hands two parallel creates the same number; a second try gets another.
_COLLISION = re.compile(r"code\b.*\bunique", re.IGNORECASE)
_COLLISION_WAIT = 0.2  #: [s]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """An item made ready: what Tryton is sent for it."""

    item: Item
    values: Mapping[str, object] = {}
    stamps: Mapping[str, str] = {}  #: record -> time stamp it must still have


#: Sends jobs in one call and returns their keys in order, or the fault.
Send = Callable[[Sequence[Job]], Sequence[str] | Fault]


class Sending:
    """One batch on its way. Says whether anything has left, which decides what a wrong setting means."""

    def __init__(self, send_by: float) -> None:
        self.send_by = send_by
        self.has_sent = False

    def settle(self, jobs: Sequence[Job], send: Send) -> list[Receipt]:
        """A receipt for every job."""
        if not jobs:
            return []
        answer = self.attempt([job.item for job in jobs], lambda: send(jobs))
        if isinstance(answer, list):
            return answer
        if not isinstance(answer, Fault):
            return [receipt(job.item, Outcome.DONE, key=key) for job, key in zip(jobs, answer, strict=True)]
        if len(jobs) == 1 or _is_collision(answer, jobs):
            return [self._refused(job, answer, jobs) for job in jobs]
        middle = len(jobs) // 2
        return [*self.settle(jobs[:middle], send), *self.settle(jobs[middle:], send)]

    def attempt(
        self, items: Sequence[Item], call: Callable[[], Sequence[str] | Fault]
    ) -> Sequence[str] | Fault | list[Receipt]:
        """What the call returns, or the receipts that its failure means."""
        try:
            answer = call()
        except DoubtError as error:
            self.has_sent = True
            return [receipt(item, Outcome.DOUBT, message=error.what) for item in items]
        except TransientError as error:
            return [receipt(item, Outcome.BUSY, message=error.what, wait=error.wait or 0.0) for item in items]
        except RejectedError as error:
            return [receipt(item, Outcome.REFUSED, message=str(error)) for item in items]
        except SetupError as error:
            if not self.has_sent:
                raise
            return [receipt(item, Outcome.BUSY, message=error.what) for item in items]
        self.has_sent = True
        return tuple(answer) if not isinstance(answer, Fault) else answer

    def attempt_one(self, item: Item, prepare: Callable[[Item], Job | Receipt]) -> Job | Receipt:
        """The item made ready, or the receipt that says why it cannot be."""
        try:
            return prepare(item)
        except RejectedError as error:
            return receipt(item, Outcome.REFUSED, message=str(error))
        except TransientError as error:
            return receipt(item, Outcome.BUSY, message=error.what, wait=error.wait or 0.0)
        except SetupError as error:
            if not self.has_sent:
                raise
            return receipt(item, Outcome.BUSY, message=error.what)

    def unread(self, items: Sequence[Item], error: TransientError | RejectedError) -> list[Receipt]:
        """Receipts of items that were not sent, because their records could not be read."""
        outcome = Outcome.REFUSED if isinstance(error, RejectedError) else Outcome.BUSY
        wait = (error.wait or 0.0) if isinstance(error, TransientError) else 0.0
        return [receipt(item, outcome, message=str(error), wait=wait) for item in items]

    def _refused(self, job: Job, fault: Fault, jobs: Sequence[Job]) -> Receipt:
        if fault.kind is FaultKind.STALE:
            return receipt(job.item, Outcome.STALE, message=fault.message)
        if _is_collision(fault, jobs):
            return receipt(job.item, Outcome.BUSY, message=fault.message, wait=_COLLISION_WAIT)
        return receipt(job.item, Outcome.REFUSED, message=fault.message)


def receipt(item: Item, outcome: Outcome, *, key: str = "", message: str = "", wait: float = 0.0) -> Receipt:
    """The answer for one item."""
    return Receipt(ref=item.ref, outcome=outcome, key=key or item.key, message=message, wait=wait)


def created_keys(answer: object) -> list[str]:
    """The keys of new records, in the order of the values."""
    if not isinstance(answer, list):
        raise DoubtError("Tryton answered something else than the ids of the new records.")
    return [str(key) for key in answer]


def _is_collision(fault: Fault, jobs: Sequence[Job]) -> bool:
    """A number that Tryton gave twice, and that no job asked for."""
    return bool(_COLLISION.search(fault.message)) and not any(job.item.key or "code" in job.values for job in jobs)
