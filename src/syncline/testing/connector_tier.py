"""A connector's tier: what its report shows, and nothing that it does not."""

from __future__ import annotations

from syncline.testing.connector_findings import Findings

_READS = (
    "a listed record has the same bytes as the record read by key",
    "two full reads are equal",
    "a record that is made during a scan hides no other",
    "wrong credentials need a person",
    "an unreachable system is no empty one",
    "no secret is shown",
)
_CHANGES = ("a later cursor brings what changed since", "a cursor of the future hides no later change")
_ONE_CREATE = (
    "a repeated marker makes no second record",
    "a repeated token makes no second record",
    "a created record is found by its marker",
)
_LOCKS = "an old version is refused and nothing is written"


def tier_of(found: Findings) -> str:
    """`gold`, `silver`, `bronze`, or `none`.

    Bronze: nothing failed; reads are whole and steady, and failures have their fates. Silver: bronze, only changes are
    read, and no create is done twice where creates are taken. Gold: silver, and no edit is overwritten unseen.

    >>> tier_of(Findings(title="erp", shown=[*_READS, *_CHANGES, _ONE_CREATE[0]]))
    'silver'
    >>> tier_of(Findings(title="erp", shown=[*_READS], failed=["it writes twice"]))
    'none'
    """
    shown = set(found.shown)
    if found.failed or not shown.issuperset(_READS):
        return "none"
    takes_creates = found.contract is None or found.contract.creatable
    if not shown.issuperset(_CHANGES) or (takes_creates and shown.isdisjoint(_ONE_CREATE)):
        return "bronze"
    return "gold" if _LOCKS in shown else "silver"
