"""`make demo`: one order goes from opportunity to delivered and paid through six applications, on a bad day.

    .venv/bin/python examples/demo/run.py [--size 40] [--seed 7] [--quick] [--keep]

Starts the sandbox's CRM, ERP, SCM, warehouse, MES and product management, and types the commands that a person would
type, while people work everywhere and connections fail. At the end everything is counted again over the applications'
own interfaces (recount.py); the last line tells the result, and the exit code follows it.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import time
from collections.abc import Iterator

import deciding
import people
import recount
import story
from applications import Fields, RefusedError, side_door
from people import Morning
from stage import Stage, act, expect, note, say, stage
from story import Order

_WRITES: Fields = {
    "rate_429": 0.1, "retry_after": 0, "rate_500_after": 0.15, "timeout_after_effect": 0.05, "truncate": 0.1,
    "hold_s": 0.3, "methods": ["POST", "PUT", "PATCH", "DELETE"],
}  # fmt: skip
_EVERYTHING: Fields = {
    "rate_429": 0.04, "retry_after": 0, "rate_500_after": 0.03, "timeout_after_effect": 0.02, "truncate": 0.03,
    "hold_s": 0.3,
}  # fmt: skip
_FILES: Fields = {"half_file": 1.0}
FAULT_WORDS = {
    "rate_429": "too many requests", "rate_500_after": "500 after the effect",
    "timeout_after_effect": "no answer after the effect", "truncate": "half an answer", "half_file": "half a file",
}  # fmt: skip


def main() -> int:
    """Play the whole story."""
    parser = argparse.ArgumentParser(description="Watch six systems come into agreement.")
    parser.add_argument("--size", type=int, default=40, help="customers in the CRM (40)")
    parser.add_argument("--seed", type=int, default=7, help="what the sandbox is drawn from (7)")
    parser.add_argument("--quick", action="store_true", help="20 customers, and only the commands that matter")
    parser.add_argument("--keep", action="store_true", help="leave the folder behind")
    given = parser.parse_args()
    size = 20 if given.quick else given.size
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # told as it happens, into a pipe too
    began = time.monotonic()
    with stage(size=size, seed=given.seed, keep=given.keep) as this:
        try:
            first_load(this, quick=given.quick)
            morning = people.choose(this)
            order = opportunity_to_production(this, morning)
            bad_day(this, morning, order, edits=max(4, size // 5), seed=given.seed)
            what_happened(this, morning, quick=given.quick)
            people_decide(this, morning)
            shipped_and_paid(this, order)
            decisions(this, order, quick=given.quick)
            return agreement(this, size=size, began=began)
        except RefusedError as error:
            raise SystemExit(f"The demo failed: {error}") from error


def first_load(this: Stage, *, quick: bool) -> None:
    """Act 1: who is who, what would change, and the first writes."""
    act(1, "Six systems that never met")
    here, there = len(this.crm.every("customers")), len(this.erp.every("partners"))
    say(f"A CRM has {here} customers and their orders, an ERP {there} partners; most are the same companies, written "
        "differently. An SCM, a warehouse, a plant's MES and product management know the same goods by numbers of "
        "their own. A project for all six is made from a blueprint.")  # fmt: skip
    this.type("init", str(this.project), "--blueprint", "all", where=this.folder, most=8)
    if not quick:
        this.type("check", most=44)
    say("Before anything is written: who is who?")
    this.type("match", most=30)
    say("And what would be written where, field by field?")
    planned = this.type("plan", most=22)
    named = re.search(r"syncline apply (\w+)", planned)
    expect(named, "the plan has no name")
    say("So much is new that a person approves it: by applying the plan, exactly as it was shown.")
    this.type("apply", named[1] if named else "", most=60)
    say("The next passes bring what the applications made of it: numbers and states of sales documents, for one.")
    this.sync("--approve")


def opportunity_to_production(this: Stage, morning: Morning) -> Order:
    """Act 2: one customer's order, until the plant makes what was ordered."""
    act(2, "One order: from opportunity to production")
    order = story.begin(this, morning.buyer)
    goods = " and ".join(row["name"] for row in order.goods)
    say(f"{morning.buyer['name']} may buy {goods}: sales writes down opportunity {order.opportunity['number']}, "
        "75 % likely.")  # fmt: skip
    this.sync()
    demand = story.demand_of(this, order.opportunity["number"])
    note(f"SCM: demand {demand['DemandNumber']} for {order.opportunity['number']}, {demand['Probability']} % likely.")
    story.win(this, order)
    say(f"Won. Sales takes order {order.number}.")
    this.sync()
    tell(story.taken(this, order))
    story.confirm(this, order)
    say(f"The ERP's people confirm: {order.erp_number}.")
    this.sync()
    tell(story.ask_production(this, order))
    this.sync()
    tell(story.planned(this, order))
    return order


def bad_day(this: Stage, morning: Morning, order: Order, *, edits: int, seed: int) -> None:
    """Act 3: people edit everywhere at once, and the systems fail in every way they know."""
    act(3, "A bad day, everywhere at once")
    say("While the plant works, nobody waits for anybody:")
    note(story.work(this, order))
    tell(people.work(this, morning))
    this.strike({}, _FILES)
    spared = (order.document, order.work)
    others = people.crowd(this, morning, edits=edits, seed=seed, spared=spared)
    told = ", ".join(f"{number} in the {kind}" for kind, number in others.items())
    note(f"Everybody else works as well: {told}. Some of it is the same field of the same thing.")
    say("Meanwhile the network has a bad day: two of five writes are answered 429, or 500 after they were done, or by "
        "half an answer, or by none. Now sync, through all of that.")  # fmt: skip
    this.strike(_WRITES, _FILES)
    this.sync()
    say("And with reads that fail, too, every record is read again, to find what was deleted without a trace.")
    this.strike(_EVERYTHING, _FILES)
    this.sync("--full")
    struck = ", ".join(f"{count} x {FAULT_WORDS.get(kind, kind)}" for kind, count in this.struck().items() if count)
    expect(struck, "no fault struck")
    say(f"The applications failed on purpose: {struck}.")


def what_happened(this: Stage, morning: Morning, *, quick: bool) -> None:
    """Act 4: every value can be asked why it is what it is."""
    act(4, "What happened, and why")
    key = morning.phoned["id"]
    say("Two people edited one phone. The flow says `phone: latest`, so the later edit stands, and the other is kept.")
    this.type("why", f"customer:crm:{key}.phone")
    say("The credit limit belongs to the ERP. What sales had typed was not taken over.")
    this.type("why", f"customer:crm:{morning.lent['id']}.credit_limit")
    if not quick:
        this.type("conflicts", "--all", most=18)


def people_decide(this: Stage, morning: Morning) -> None:
    """Act 5: what only a person can decide, and nothing waited for it but itself."""
    act(5, "What waits for a person")
    say("One record was refused. It waits alone, with the reason in the other system's own words.")
    this.strike({}, {})
    this.type("parked")
    for row in this.read("parked")["parked"]:
        if row["label"].startswith("Foxglove"):
            this.type("parked", str(row["number"]), "--set", f"email={people.MENDED}")
    questions = this.read("match", "--review")["questions"]
    if questions:
        say(f"{len(questions)} partners look so much like customers that a machine should not decide.")
        this.type("match", "--review", most=14)
        answer(this, questions)
    this.sync("--full")
    say("Now CRM and ERP show this:")
    tell(outcome(this, morning))


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


def digits(phone: str) -> str:
    """A phone as the ERP writes it."""
    return "".join(phone.split())


def answer(this: Stage, questions: list[Fields]) -> None:
    """Decide as somebody who knows the companies: the sandbox keeps the truth about its own seed."""
    here = side_door(this.urls["crm"], "truth/customers")
    there = side_door(this.urls["erp"], "truth/partners")
    for question in questions:
        company = there.get(question["key"])
        same = [one for one in question["candidates"] if here.get(one["keys"].get("crm")) == company is not None]
        choice = str(same[0]["eid"]) if same else "new"
        this.type("match", question["flow"], "--answer", question["system"], question["key"], choice)


def shipped_and_paid(this: Stage, order: Order) -> None:
    """Act 6: the order leaves the house, arrives, and is paid."""
    act(6, "The same order: shipped, delivered, paid")
    note(story.ship(this, order))
    note(story.invoice(this, order))
    note(story.deliver(this, order))
    this.sync()
    note(story.pay(this, order))
    this.sync()
    say("And this is what the people of the CRM see, without asking anybody:")
    tell(story.seen(this, order))


def decisions(this: Stage, order: Order, *, quick: bool) -> None:
    """Act 7: what the agreed data say, and how it reaches the people who need it."""
    act(7, "From agreed data to decisions")
    say("On what all six agree, demand is forecast; where little is known, that is said.")
    this.type("forecast", "--freq", "M", "--horizon", "3", "--top", "5", most=14)
    wish = deciding.order_much(this, order.buyer)
    say(f"{order.buyer['name']} orders {deciding.MUCH:,} of {wish.good}: {wish.number}. There are not so many. When "
        "can they be there? The planner is a system of its own; what it tells, the next sync carries on.")  # fmt: skip
    this.sync()
    this.type("supply", "--tell", most=16 if quick else 30)
    this.sync()
    before = deciding.promised(this, wish)
    note(f"CRM: {wish.number} is promised for {before}.")
    days = deciding.slow_down(this, wish)
    say(f"Its supplier {wish.supplier} becomes slower: purchasing writes {days} days into the SCM.")
    this.sync()
    this.read("supply", "--tell")
    this.sync()
    tell(deciding.moved(before, deciding.promised(this, wish), wish))
    if not quick:
        this.type("why", f"sales_order:crm:{wish.crm}.promise_date", most=8)
    say("And what should be said to whom? Calls become tasks in the CRM.")
    this.type("recommend", "--tell", most=14)
    this.sync()
    calls = [row for row in this.crm.every("interactions") if row["kind"] == "call" and row["updated_by"] == "api"]
    note(f"CRM: {len(calls)} calls stand there, those of the planner among them.")


def agreement(this: Stage, *, size: int, began: float) -> int:
    """Act 8: no echo, no drift, and a recount that believes nobody."""
    act(8, "Agreement, counted by somebody else")
    before = this.written()
    this.sync("--full")
    echo = this.written() - before
    say(f"One more pass over everything: the applications counted {echo} writes." if echo else
        "One more pass over everything: the applications counted no write. Nothing comes back as an echo.")  # fmt: skip
    this.type("drift", most=16)
    waiting = {**this.read("match", "--review"), **this.read("conflicts"), **this.read("parked")}
    (this.folder / "waiting.json").write_text(json.dumps(waiting))
    say(f"Took {time.monotonic() - began:.0f} s. Last, all are read again over their own interfaces by a program "
        "that knows nothing of Syncline, with a field table of its own.")  # fmt: skip
    print()
    warehouse = this.systems.warehouse
    places = [f"--{kind}={url}" for kind, url in this.urls.items() if kind != "warehouse"]
    places += [f"--warehouse={warehouse.database}", f"--drop={warehouse.drop}"]
    least = [f"customers.erp={size}", f"orders.erp={size}", f"orders.warehouse={size}", f"products.mes={size // 2}"]
    code = recount.main([*places, "--waiting", str(this.folder / "waiting.json"), "--least", *least])
    return 1 if echo else code


def tell(sentences: Iterator[str]) -> None:
    """One thing after the other."""
    for sentence in sentences:
        note(sentence)


if __name__ == "__main__":
    sys.exit(main())
