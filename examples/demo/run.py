"""`make demo`: two business systems come into agreement while people work in both and the network misbehaves.

    .venv/bin/python examples/demo/run.py [--size 200] [--seed 7] [--quick] [--keep]

Starts the sandbox's CRM and ERP, and types the commands that a person would type. At the end everything is counted
again over the applications' own APIs (recount.py); the last line tells the result, and the exit code follows it.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import time
from collections.abc import Iterator

import people
import recount
from applications import Fields, RefusedError, side_door
from people import Morning
from stage import Stage, act, note, say, stage

_WRITES: Fields = {
    "rate_429": 0.15, "retry_after": 0, "rate_500_after": 0.2, "timeout_after_effect": 0.15, "truncate": 0.1,
    "hold_s": 0.3, "methods": ["POST", "PUT", "PATCH", "DELETE"],
}  # fmt: skip
_EVERYTHING: Fields = {
    "rate_429": 0.05, "retry_after": 0, "rate_500_after": 0.05, "timeout_after_effect": 0.04, "truncate": 0.04,
    "hold_s": 0.3,
}  # fmt: skip
FAULT_WORDS = {
    "rate_429": "too many requests", "rate_500_after": "500 after the effect",
    "timeout_after_effect": "no answer after the effect", "truncate": "half an answer",
}  # fmt: skip


def main() -> int:
    """Play the whole story."""
    parser = argparse.ArgumentParser(description="Watch two systems come into agreement.")
    parser.add_argument("--size", type=int, default=200, help="customers in the CRM (200)")
    parser.add_argument("--seed", type=int, default=7, help="what the sandbox is drawn from (7)")
    parser.add_argument("--quick", action="store_true", help="60 customers, and only the commands that matter")
    parser.add_argument("--keep", action="store_true", help="leave the folder behind")
    given = parser.parse_args()
    size = 60 if given.quick else given.size
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # told as it happens, into a pipe too
    began = time.monotonic()
    with stage(size=size, seed=given.seed, keep=given.keep) as this:
        first_load(this, quick=given.quick)
        morning = busy_morning(this, edits=max(10, size // 10), seed=given.seed)
        what_happened(this, morning, quick=given.quick)
        people_decide(this, morning)
        order_comes_back(this, morning)
        return agreement(this, size=size, began=began)


def first_load(this: Stage, *, quick: bool) -> None:
    """Act 1: who is who, what would change, and the first writes."""
    act(1, "Two systems that never met")
    here, there = len(this.crm.every("customers")), len(this.erp.every("partners"))
    say(f"A CRM has {here} customers and their orders, an ERP {there} partners. Most are the same companies, written "
        "differently; nobody knows which. A project for the two is made from a blueprint.")  # fmt: skip
    this.type("init", str(this.project), "--blueprint", "sandbox", where=this.folder, most=12)
    if not quick:
        this.type("check")
    say("Before anything is written: who is who?")
    this.type("match", most=40)
    say("And what would be written where, field by field?")
    planned = this.type("plan", most=26)
    named = re.search(r"syncline apply (\w+)", planned)
    if not named:
        raise SystemExit("The plan has no name.")
    say("So much is new that a person approves it: by applying the plan, exactly as it was shown.")
    this.type("apply", named[1])
    say("The next pass brings the states of the new sales documents back to the CRM.")
    this.type("sync")


def busy_morning(this: Stage, *, edits: int, seed: int) -> Morning:
    """Act 2: people edit both sides at once, and the systems fail in every way they know."""
    act(2, "A busy morning, on both sides at once")
    morning = people.choose(this)
    say("Nobody waits for anybody:")
    for sentence in people.work(this, morning):
        note(sentence)
    others = people.crowd(this, morning, edits=edits, seed=seed)
    note(f"Everybody else makes {others} edits, in both systems, some of them to the same customers.")
    say("Meanwhile the network has a bad day: every other write is answered 429, or 500 after it was done, or by half "
        "an answer, or by none. Now sync, through all of that.")  # fmt: skip
    this.strike(_WRITES)
    this.type("sync")
    say("And with reads that fail, too, every record is read again, to find what was deleted without a trace.")
    this.strike(_EVERYTHING)
    this.type("sync", "--full")
    struck = ", ".join(f"{count} x {FAULT_WORDS.get(kind, kind)}" for kind, count in this.struck().items() if count)
    expect(struck, "no fault struck")
    say(f"The applications failed on purpose: {struck}.")
    return morning


def what_happened(this: Stage, morning: Morning, *, quick: bool) -> None:
    """Act 3: every value can be asked why it is what it is."""
    act(3, "What happened, and why")
    key = morning.phoned["id"]
    say("Two people edited one phone. The flow says `phone: latest`, so the later edit stands, and the other is kept.")
    this.type("why", f"customer:crm:{key}.phone")
    say("The credit limit belongs to the ERP. What sales had typed was not taken over.")
    this.type("why", f"customer:crm:{morning.lent['id']}.credit_limit")
    if not quick:
        this.type("conflicts", "--all", most=18)


def people_decide(this: Stage, morning: Morning) -> None:
    """Act 4: what only a person can decide, and nothing waited for it but itself."""
    act(4, "What waits for a person")
    say("One record was refused. It waits alone, with the reason in the other system's own words.")
    this.strike({})
    this.type("parked")
    for row in this.read("parked")["parked"]:
        if row["label"].startswith("Foxglove"):
            this.type("parked", str(row["number"]), "--set", f"email={people.MENDED}")
    questions = this.read("match", "--review")["questions"]
    if questions:
        say(f"{len(questions)} partners look so much like customers that a machine should not decide.")
        this.type("match", "--review", most=14)
        answer(this, questions)
    this.type("sync", "--full")
    say("Now both systems show this:")
    for sentence in outcome(this, morning):
        note(sentence)


def outcome(this: Stage, morning: Morning) -> Iterator[str]:
    """What both applications show now; the story ends here if it did not come true."""
    crm_phone = digits(this.crm.get("customers", morning.phoned["id"])["phone"])
    erp_phone = digits(this.partner(morning.phoned)["Phone"])
    expect(crm_phone == erp_phone == digits(people.LATER_PHONE), f"the phone is {crm_phone} and {erp_phone}")
    yield f"The phone of {morning.phoned['name']} is {crm_phone} in both systems: the later edit."
    limit = this.crm.get("customers", morning.lent["id"])["credit_limit"]
    expect(limit["amount"] == this.partner(morning.lent)["CreditLimit"] != people.TOO_MUCH, f"the limit is {limit}")
    yield f"The credit limit of {morning.lent['name']} was put back to {limit['amount']} {limit['currency']}."
    here = [row for row in this.crm.every("customers") if row["tax_id"] == people.TAX_ID]
    there = [row for row in this.erp.every("partners") if row["VatNo"] == people.TAX_ID and row["Active"]]
    expect(len(here) == len(there) == 1, "the newcomer is there twice")
    yield "Larkspur Kontor GmbH, entered twice on one morning, is one: linked by the tax number, not doubled."
    expect(not this.partner(morning.left)["Active"], f"{morning.left['name']} is still active in the ERP")
    yield f"{morning.left['name']}, deleted in the CRM, is inactive in the ERP, which never forgets anybody."
    mended = [row for row in this.crm.every("customers") if row["email"] == people.MENDED]
    expect(len(mended) == 1, "the refused record is not in the CRM")
    yield f"{mended[0]['name']} has an e-mail now, and is in the CRM."


def expect(true: object, otherwise: str) -> None:
    """Stop where the story does not come true."""
    if not true:
        raise SystemExit(f"The demo failed: {otherwise}.")


def digits(phone: str) -> str:
    """A phone as the ERP writes it."""
    return "".join(phone.split())


def answer(this: Stage, questions: list[Fields]) -> None:
    """Decide as somebody who knows the companies: the sandbox keeps the truth about its own seed."""
    here = side_door(this.crm.url, "truth/customers")
    there = side_door(this.erp.url, "truth/partners")
    for question in questions:
        company = there.get(question["key"])
        same = [one for one in question["candidates"] if here.get(one["keys"].get("crm")) == company is not None]
        choice = str(same[0]["eid"]) if same else "new"
        this.type("match", question["flow"], "--answer", question["system"], question["key"], choice)


def order_comes_back(this: Stage, morning: Morning) -> None:
    """Act 5: the order's way through the ERP and back."""
    act(5, "The order, there and back")
    try:
        document = people.advance(this, morning)
    except (StopIteration, RefusedError) as error:
        raise SystemExit(f"The order did not reach the ERP: {error}") from error
    say(f"The ERP's people confirm, deliver and invoice the new order: {document['OrderNo']}, invoice "
        f"{document['InvoiceNo']} over {document['InvoiceTotal']} {document['Cur']}.")  # fmt: skip
    this.type("sync")
    order = this.crm.get("orders", morning.order)
    say(f"Sales sees it in the CRM: order {order['number']} is {order['erp_number']}, {order['erp_state']}, invoice "
        f"{order['invoice_number']} over {order['invoice_total']}.")  # fmt: skip


def agreement(this: Stage, *, size: int, began: float) -> int:
    """Act 6: no echo, no drift, and a recount that believes nobody."""
    act(6, "Agreement, counted by somebody else")
    before = this.counted("writes")
    this.type("sync", "--full")
    echo = this.counted("writes") - before
    say(f"One more pass over everything: the applications counted {echo} writes." if echo else
        "One more pass over everything: the applications counted no write. Nothing comes back as an echo.")  # fmt: skip
    this.type("drift")
    waiting = {**this.read("match", "--review"), **this.read("conflicts"), **this.read("parked")}
    (this.folder / "waiting.json").write_text(json.dumps(waiting))
    say(f"Took {time.monotonic() - began:.0f} s. Last, both systems are read again over their own APIs by a program "
        "that knows nothing of Syncline, with a field table of its own.")  # fmt: skip
    print()
    least = [f"customers={size}", f"products={size // 2}", f"orders={size}"]
    urls = ["--crm", this.crm.url, "--erp", this.erp.url]
    code = recount.main([*urls, "--waiting", str(this.folder / "waiting.json"), "--least", *least])
    return 1 if echo else code


if __name__ == "__main__":
    sys.exit(main())
