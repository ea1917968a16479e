"""Rules of writing: intents, doubts, locks, batches, what is sent and what waits."""

from __future__ import annotations

from syncline.engine import compose, deliver, doubts, plan, ready, recover, references, run, settle
from syncline.model.page import Outcome, Receipt
from tests.simulation.mutants.mutant import mutant
from tests.simulation.mutants.patching import instead, rewritten

WRITING = (
    mutant(
        "no-read-before-a-write",
        "a record of a system without locking is written without being read first",
        rewritten(
            deliver._reads_first,
            (
                "contract.locking is Locking.NONE:\n        return True",
                "contract.locking is Locking.NONE:\n        pass",
            ),
        ),
    ),
    mutant(
        "whole-record-sent",
        "a write sends every field, not those that changed",
        rewritten(
            plan.wanted,
            (
                "    return change\n",
                (
                    "    every = {p: value for p, value in enumerate(canon) if p in writable and value is not UNSET}\n"
                    "    return every if change else {}\n"
                ),
            ),
        ),
    ),
    mutant(
        "version-left-out",
        "a write does not say which version it is of",
        rewritten(compose._change, ("version=before.version if before else known", "version=None")),
    ),
    mutant(
        "stale-as-refusal",
        "a write that came too late for its version is taken as refused, and parked",
        instead(settle._stale, settle._refused),
    ),
    mutant(
        "no-write-ahead",
        "that something is sent is written down once it was",
        rewritten(
            deliver._send,
            ("    commit(hub, at.run, step)\n    hub.flush()\n    batch = Batch(", "    batch = Batch("),
            ('    hub.env.point("write.after")\n', '    hub.env.point("write.after")\n    commit(hub, at.run, step)\n'),
        ),
    ),
    mutant(
        "crash-as-unsent",
        "what was sent when the process died is taken as never sent",
        rewritten(
            recover.recover,
            ("step.unsettled += _doubts(hub, bound, intent)", "items += len(intent.eids)"),
            ("state=IntentState.SETTLED", "state=IntentState.PLANNED"),
        ),
    ),
    mutant(
        "no-quarantine",
        "what became of a write in doubt is decided at once, though it may still take effect",
        rewritten(
            deliver._send,
            ("SEND_WITHIN + side.doubt + (side.contract.lag if intent.op is Op.CREATE else 0.0)", "0.0"),
        ),
        rewritten(
            settle._doubt, ("at.side.doubt + (at.side.contract.lag if one.item.op is Op.CREATE else 0.0)", "0.0")
        ),
    ),
    mutant(
        "no-search-before-a-second-create",
        "what may have been created is created again, without looking for it",
        instead(doubts._search_created, lambda _at, _row, _term: ([], [])),
    ),
    mutant(
        "doubt-does-not-block",
        "a record whose last write is in doubt is written again meanwhile",
        rewritten(ready.must_wait, ("    if waiting.state is UnsettledState.DOUBT:\n        return True\n", "")),
    ),
    mutant(
        "batch-resent-whole",
        "a batch without an answer is sent again, though part of it may have taken effect",
        rewritten(
            deliver._send,
            ("        side.gate.failed(error.what)\n", "        _unsend(at, going)\n        return\n"),
        ),
    ),
    mutant(
        "receipts-by-position",
        "the answers of a batch are taken in the order of its items",
        rewritten(
            deliver._send,
            (
                "{receipt.ref: receipt for receipt in receipts}",
                "{one.item.ref: receipt for one, receipt in zip(sent, receipts, strict=False)}",
            ),
        ),
    ),
    mutant(
        "missing-item-done",
        "an item of a batch without an answer is taken as done",
        instead(settle.NO_ANSWER, Receipt(ref=0, outcome=Outcome.DONE)),
    ),
    mutant(
        "one-key-for-a-batch",
        "all creates of a batch carry one idempotency key, and that all are answered with one record is believed",
        rewritten(compose._items, ('idempotency=f"{again}{eid}"', "idempotency=again")),
        instead(settle._told_apart, lambda answered: answered),
    ),
    mutant(
        "reference-to-nothing",
        "a reference whose parent has no record there yet is sent empty",
        rewritten(
            references.to_keys,
            (
                (
                    "changed[position] = key\n            "
                    'missing += [] if key else [Unresolved(position, entity, cast("int", value))]'
                ),
                "changed[position] = key or None",
            ),
        ),
    ),
    mutant(
        "parked-blocks-the-stream",
        "one refused record stops all writes to its system",
        rewritten(
            run._sendable,
            (
                "    held = {",
                (
                    "    from syncline.model.state import UnsettledState\n"
                    "    if at.hub.store.unsettled(stream=at.side.stream, state=UnsettledState.PARKED, limit=1):\n"
                    "        return []\n    held = {"
                ),
            ),
        ),
    ),
    mutant(
        "pause-not-kept",
        "a system that asks for a pause does not get it",
        rewritten(settle._busy, ("asked=receipt.wait", "asked=0.0")),
        rewritten(settle._tell_gate, ("if wait:", "if False:")),
    ),
)
