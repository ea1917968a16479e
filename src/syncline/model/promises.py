"""What the hub promises about one resource of one system: it follows from the contract, and from nothing else.

P1 to P5 are those of docs/explanation/agreement.md; P4 holds everywhere, and rests on nothing that a system offers.
"""

from __future__ import annotations

from dataclasses import dataclass

from syncline.model.contract import Contract, Deletes, Locking, ReadBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One promise as it holds here, and what it rests on."""

    name: str  #: P1, P2, P3, P5
    holds: str
    rests_on: str


def promises_of(contract: Contract) -> tuple[Promise, ...]:
    """The promises that this contract allows, each in a few words for a person.

    >>> [one.name for one in promises_of(Contract())]
    ['P1', 'P2', 'P3', 'P5']
    >>> promises_of(Contract(locking=Locking.ETAG))[0].holds
    'no edit is overwritten unseen'
    """
    return _edits(contract), _creates(contract), _deletes(contract), _rest(contract)


def _edits(contract: Contract) -> Promise:
    if contract.locking is Locking.ETAG:
        return Promise(
            name="P1", holds="no edit is overwritten unseen", rests_on="a version that makes writes conditional"
        )
    holds = "only an edit of the same field, between our read and our write, can be overwritten; each window is counted"
    return Promise(name="P1", holds=holds, rests_on="a read right before the write, and writes of changed fields only")


def _creates(contract: Contract) -> Promise:
    wait = contract.effect + contract.lag
    later = f"exactly one, after a lost answer only {wait:g} s later"
    if not contract.creatable:
        return Promise(name="P2", holds="nothing is created here", rests_on="no creates")
    if contract.marker_unique:
        return Promise(name="P2", holds="exactly one", rests_on="a marker that the system keeps unique")
    if contract.idempotency:
        return Promise(
            name="P2", holds="exactly one", rests_on="an idempotency key, as long as the system remembers it"
        )
    if contract.marker:
        return Promise(name="P2", holds=later, rests_on="a marker that can be searched")
    if contract.searchable:
        fields = ", ".join(sorted(contract.searchable))
        return Promise(name="P2", holds=later, rests_on=f"a search by {fields}, where its value is nobody else's")
    return Promise(name="P2", holds="at least one: a lost answer can make a second", rests_on="nothing")


def _deletes(contract: Contract) -> Promise:
    if contract.deletes is Deletes.TOMBSTONES:
        return Promise(name="P3", holds="seen by the next pass", rests_on="the system names what was deleted")
    whole = (
        "by the next complete listing, once a day" if contract.incremental else "by every pass, each a whole listing"
    )
    holds = f"seen {whole}, and two reads by key {contract.lag + contract.settle:g} s apart"
    return Promise(name="P3", holds=holds, rests_on="absence, confirmed")


def _rest(contract: Contract) -> Promise:
    read = {
        ReadBack.BODY: "the answer to a write shows what was stored",
        ReadBack.GET: "a read after each write shows what was stored",
        ReadBack.VERBATIM: "the system stores what it is sent",
    }[contract.read_back]
    return Promise(name="P5", holds="writes end when edits and failures end", rests_on=read)
