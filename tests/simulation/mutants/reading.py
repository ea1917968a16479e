"""Rules of reading: hints, cursors, barriers, first sight, deletes."""

from __future__ import annotations

from syncline.engine import absorb, deliver, discover, doubts, event, identify, references, refresh, restored, shown
from syncline.store.transactions import StoredTransaction
from tests.simulation.mutants.mutant import mutant
from tests.simulation.mutants.patching import instead, rewritten

READING = (
    mutant(
        "list-rows-as-truth",
        "a row of a list is believed, though the record was written or is in doubt",
        rewritten(absorb._later, ("if reading.exact:", "if True:")),
    ),
    mutant(
        "no-overlap",
        "a listing begins where the last one ended, without an overlap for lag and coarse stamps",
        rewritten(
            discover.discover,
            (
                "None if whole else cursor)",
                (
                    "None if whole else Cursor(stamp=cursor.stamp + 1 + int("
                    "(side.contract.lag + side.contract.precision + side.contract.skew) * 1e6)))"
                ),
            ),
        ),
    ),
    mutant(
        "cursor-before-data",
        "the cursor is committed before the page that it has passed",
        rewritten(
            discover.discover,
            (
                "            absorb(at, page, reading)\n            latest = _later(latest, page.cursor)\n",
                (
                    "            latest = _later(latest, page.cursor)\n"
                    "            with store.transaction() as tx:\n"
                    "                tx.put_cursor(side.stream, latest)\n"
                    "            at.hub.env.point('cursor.after_commit')\n"
                    "            absorb(at, page, reading)\n"
                ),
            ),
        ),
    ),
    mutant(
        "broken-listing-complete",
        "a listing that breaks off is taken as complete",
        rewritten(discover._patient, ("if page is None and broken:", "if False:")),
    ),
    mutant(
        "no-read-barrier",
        "a record is read again at once after a write, however late its system shows one",
        rewritten(deliver.await_settled, ("max(wrote.get(eid, 0), listed.get(eid, 0))", "listed.get(eid, 0)")),
        rewritten(shown._read_back, ("    at.hub.env.sleep(at.side.contract.settle)\n", "")),
    ),
    mutant(
        "hint-postponed",
        "each new hint of a record replaces the one before it, and with it when it is due",
        rewritten(StoredTransaction.put_hints, ('"put_hints"', '"replace_hints"')),
    ),
    mutant(
        "pending-forgotten",
        "after a doubt nobody remembers what was sent: our own value looks like a person's",
        rewritten(refresh._read_hinted, ("pending=pending, ", "")),
        rewritten(doubts._decide_writes, ("Reading(exact=True, pending=pending)", "Reading(exact=True)")),
    ),
    mutant(
        "absent-as-null",
        "a field that a record does not carry is taken as emptied",
        rewritten(
            absorb._map,
            (
                "each = zip(*mapped.columns, strict=True)",
                (
                    "each = zip(*([None if value is references.UNSET else value for value in column]"
                    " for column in mapped.columns), strict=True)"
                ),
            ),
        ),
    ),
    mutant(
        "child-not-waiting",
        "a record whose parent is not known yet is taken in without its reference",
        rewritten(
            references.to_eids,
            ('_wait(made.waiting, number, position, f"{entity} {key}")', "row[position] = UNSET"),
        ),
    ),
    mutant(
        "alias-not-followed",
        "the key of a record that was merged away is a stranger's",
        rewritten(identify.identify, ("hub.store.aliases(side.stream, keys)", "{}")),
        rewritten(references.parents_in, ("if missing:", "if False:")),
    ),
    mutant(
        "orphan-of-the-dead",
        "what a doubtful create has made is not looked for once its entity is deleted",
        rewritten(
            identify._by_marker,
            (
                "if eid in taken or",
                (
                    "if bound.entity and any(one.state is not EntityState.LIVE for one in "
                    "hub.store.entities(bound.entity, [eid]).values()):\n        return None\n    if eid in taken or"
                ),
            ),
        ),
        rewritten(
            identify._by_doubts,
            (
                "for row in (one for one in doubts if one.op is Op.CREATE):",
                (
                    "alive = at.hub.store.entities(at.bound.entity, [one.eid for one in doubts])\n"
                    "    for row in (one for one in doubts if one.op is Op.CREATE and one.eid in alive "
                    "and alive[one.eid].state is EntityState.LIVE):"
                ),
            ),
        ),
        rewritten(
            doubts._decide_create,
            (
                "        found = _search_created(at, row, term)\n",
                (
                    "        entity = at.hub.store.entities(at.bound.entity, [row.eid])[row.eid]\n"
                    "        found = _search_created(at, row, term) if entity.state.name == 'LIVE' else []\n"
                ),
            ),
        ),
    ),
    mutant(
        "delete-on-absence",
        "a record that a whole read does not show is deleted, without asking for it by key",
        rewritten(
            discover._end_whole_read,
            (
                "step.hints += sweep(at, scanned, step)",
                (
                    "from syncline.engine.deletes import record_deleted\n"
                    "    for hint in sweep(at, scanned, step):\n"
                    "        record_deleted(at, step, hint.key, 'no list shows it')"
                ),
            ),
        ),
    ),
    mutant(
        "tomb-forgotten",
        "nobody remembers that a record was deleted",
        instead(StoredTransaction.put_tombs, lambda _transaction, _rows: None),
    ),
    mutant(
        "no-barrier-after-a-list",
        "a record is read by key at once, though a list has shown more than gets show yet",
        instead(absorb._remember_listed, lambda _at, _rows: None),
    ),
    mutant(
        "webhook-not-kept",
        "a webhook is answered without keeping what it told",
        instead(event.hint, lambda _hub, _bound, _system, _keys: None),
    ),
    mutant(
        "hint-of-nothing-kept",
        "a hint about what was never there is not let go: it is asked for again and again",
        rewritten(refresh._missing, ("step.done_hints.setdefault(at.side.stream, []).extend(unknown)", "pass")),
    ),
    mutant(
        "used-key-restored",
        "a key that its system gave to another record is taken for the deleted record, restored",
        instead(restored.is_another, lambda _at, _one, _dead, _step: False),
    ),
    mutant(
        "created-beside-a-used-key",
        "what has a used key, and is not read yet, keeps nothing of the same name from being created beside it",
        rewritten(restored._is_restored, ("remember(at, step, one.key, one.values, frozenset())", "pass")),
    ),
)
