"""Rules of deciding: shadows, generations, owners, clashes, groups, conflicts, the log."""

from __future__ import annotations

from syncline.engine import combine, learn, mergers, ready, settle, step
from syncline.engine.layout import units_of
from syncline.merging import rivals
from syncline.merging.merge import _cast_shadow, _refusal, _verdict, _whose
from tests.simulation.mutants.mutant import mutant
from tests.simulation.mutants.patching import constant, instead, rewritten

CAUSAL = (
    "if all(s.gen == seen.gens[p] or seen.canon[p] is UNSET for s, p in zip(news.was, news.positions, strict=True)):"
)
SAME = "if all(value == canon or value == seen.normalise(p, canon) for p, value, canon in agreed):"

DECIDING = (
    mutant(
        "children-not-told",
        "what refers to a record that was merged away is not looked at again",
        rewritten(mergers.record_merged, ("tell_children(hub, step, stream, lost.eid)", "pass")),
    ),
    mutant(
        "former-key-kept",
        "a reference that shows a former key of its parent is left as it is",
        rewritten(combine._combine_one, ("_write_anew(at, one, result, gens)", "pass")),
    ),
    mutant(
        "shadow-as-sent",
        "the shadow is what was sent, not what came back",
        rewritten(settle._update_delta, ("seen = shown.values.get(p, UNSET) if shown else normal", "seen = value")),
    ),
    mutant(
        "every-edit-causal",
        "generations are not compared: every edit is taken as made knowing all others",
        rewritten(_verdict, (CAUSAL, "if True:")),
    ),
    mutant(
        "same-value-as-change",
        "a system that comes to show the agreed value, as it stores it, counts as a change",
        rewritten(_verdict, (SAME, "if False:")),
    ),
    mutant(
        "non-owner-accepted",
        "anybody's edit of an owned field is accepted",
        rewritten(_refusal, ("if unit.rule.kind is RuleKind.OWNER and", "if False and")),
    ),
    mutant(
        "rejected-not-put-back",
        "a rejected value stays in the system that made it",
        rewritten(
            _cast_shadow,
            ("elif decision.verdict is Verdict.SAME:", "elif decision.verdict in (Verdict.SAME, Verdict.REJECTED):"),
        ),
    ),
    mutant(
        "null-overwrites",
        "an empty value replaces a value where the field's rule is to keep it",
        rewritten(_refusal, ("if unit.empties is Empties.KEEP and", "if False and")),
    ),
    mutant(
        "rank-ignored",
        "of two edits that no clock can tell apart, the one that is read last prevails",
        rewritten(combine._is_later, ("return (at.side.side.rank, at.side.system) > rank", "return True")),
    ),
    mutant(
        "skew-ignored",
        "clocks are believed to the microsecond, whatever the contracts say of them",
        rewritten(
            combine._is_later,
            ("unsure = int(sum(one.precision + one.skew for one in clocks) * 1e6)", "unsure = len(clocks) * 0"),
        ),
    ),
    mutant(
        "loser-not-logged",
        "of two edits that met, the log tells of one",
        rewritten(
            combine._record,
            (
                "if decision.verdict in _KEPT:",
                "if decision.verdict in _KEPT and decision.verdict not in (Verdict.WON, Verdict.LOST):",
            ),
        ),
    ),
    mutant(
        "group-in-pieces",
        "the fields of an atomic group are merged one by one",
        rewritten(units_of, ("if one.group:", "if False:")),
    ),
    mutant(
        "conflict-does-not-freeze",
        "a field is written on while a person is asked about it",
        rewritten(ready.ready, ("store.frozen(at.bound.entity, intent.eids)", "{}")),
    ),
    mutant(
        "normaliser-from-one-sample",
        "what a system once showed shortened is believed to be its habit",
        constant(learn, "SAMPLES", 1),
    ),
    mutant(
        "audit-apart",
        "the log is written after the change that it tells of, in a commit of its own",
        rewritten(
            step.commit,
            ("        if page:\n            tx.append_audit(page)\n", ""),
            (
                "    if page:\n        hub.journal.advance(page)\n",
                (
                    "    if page:\n        hub.env.point('audit.before_commit')\n"
                    "        with hub.store.transaction() as tx:\n            tx.append_audit(page)\n"
                    "        hub.journal.advance(page)\n"
                ),
            ),
        ),
    ),
    mutant(
        "amounts-not-added",
        "of two amounts that were added, one is kept",
        instead(rivals._add, lambda _base, _ours, _theirs: None),
    ),
    mutant(
        "presumed-not-logged",
        "what may be a person's edit, and is taken for our own write, is not logged",
        rewritten(_whose, ("return Verdict.PRESUMED", "return Verdict.OURS")),
    ),
)
