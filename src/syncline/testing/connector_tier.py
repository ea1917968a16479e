"""A connector's tier: what its report shows, and nothing that it does not."""

from __future__ import annotations

from syncline.testing.connector_findings import Findings

_READS = (
    "a listed record has the same bytes as the record read by key",
    "two full reads are equal",
    "a record that is made during a scan hides no other",
    "an unreachable system is no empty one",
)
_CREDENTIALS = ("wrong credentials need a person", "no secret is shown")
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

    >>> import msgspec
    >>> shown = [*_READS, *_CHANGES, _ONE_CREATE[0]]
    >>> erp, drop = Findings(title="erp", shown=shown), Findings(title="drop", shown=shown, open=True)
    >>> tier_of(erp), tier_of(drop), tier_of(msgspec.structs.replace(erp, shown=[*shown, *_CREDENTIALS]))
    ('none', 'silver', 'silver')
    >>> tier_of(msgspec.structs.replace(drop, failed=["it writes twice"]))
    'none'
    """
    shown = set(found.shown)
    needed = _READS if found.open else (*_READS, *_CREDENTIALS)
    if found.failed or not shown.issuperset(needed):
        return "none"
    takes_creates = found.contract is None or found.contract.creatable
    if not shown.issuperset(_CHANGES) or (takes_creates and shown.isdisjoint(_ONE_CREATE)):
        return "bronze"
    return "gold" if _LOCKS in shown else "silver"
