"""Rules of reading: hints, cursors, barriers, first sight, deletes."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.engine import (
    absorb,
    deliver,
    discover,
    doubts,
    event,
    given_again,
    hints,
    identify,
    moved,
    references,
    refresh,
    restored,
    shown,
)
from syncline.model.state import Hint
from syncline.store.rows import hint_values
from syncline.store.transactions import StoredTransaction
from tests.simulation.mutants.mutant import mutant
from tests.simulation.mutants.patching import instead, rewritten


def _drop_by_key(transaction: StoredTransaction, rows: Sequence[Hint]) -> None:
    gone = {(row.stream, row.key) for row in rows}
    held = [one for stream, _ in gone for one in transaction.hints(stream, due=2**62, limit=2**31 - 1)]
    values = [(*one.stream, one.key, one.due, one.tries, one.last) for one in held if (one.stream, one.key) in gone]
    transaction._session.page("drop_hints", values)


def _put_anew(transaction: StoredTransaction, rows: Sequence[Hint]) -> None:
    _drop_by_key(transaction, rows)
    transaction._session.page("put_hints", map(hint_values, rows))


READ_TWICE = ("if shown_from <= hinted.at:", "if True:")

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
        instead(StoredTransaction.put_hints, _put_anew),
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
                "        found, others = _search_created(at, row, term)\n",
                (
                    "        entity = at.hub.store.entities(at.bound.entity, [row.eid])[row.eid]\n"
                    "        found, others = ([], [])\n"
                    "        if entity.state.name == 'LIVE':\n"
                    "            found, others = _search_created(at, row, term)\n"
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
        rewritten(refresh._missing, ("followed(at.side, hinted, unknown, step)", "pass")),
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
    mutant(
        "webhook-read-at-once",
        "what a webhook tells of is read at once, and only once, though no read may show it yet",
        rewritten(event.hint, ("due = now + int(side.contract.settle * 1e6)", "due = now")),
        rewritten(hints.followed, READ_TWICE),
    ),
    mutant(
        "second-webhook-with-the-first",
        "a record that changed once more right before it was read is not read again",
        rewritten(hints.followed, READ_TWICE),
    ),
    mutant(
        "hint-forgotten-by-key",
        "a webhook that comes while its record is read is forgotten with the one before",
        instead(StoredTransaction.drop_hints, _drop_by_key),
    ),
    mutant(
        "used-key-kept",
        "what the hub makes gets a key that something else is linked by, and nobody makes room",
        instead(given_again.make_room, lambda _at, _made, _step: None),
    ),
    mutant(
        "used-key-of-a-parent",
        "a child that was shown before its parent, whose key was a deleted one's, stays with that one",
        rewritten(moved.ask_again, ("if not died:", "if died or not died:")),
    ),
    mutant(
        "used-key-of-a-lost-answer",
        "what a lost answer has made is not known where it got the key of something else",
        instead(given_again.made_by_us, lambda _at, _rows, _links, _step: {}),
    ),
)
