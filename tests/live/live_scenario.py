"""A CRM and a Tryton that people edit meanwhile: first load, rounds of work with faults and kills, quiet, recount."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.live import tryton_server
from tests.live.live_people import (
    CITIES,
    Workers,
    a_name,
    a_phone,
    an_address,
    crm_address,
    delete_a_party,
    free_order,
    merge_in,
    merge_two_customers,
    merge_two_parties,
)
from tests.live.live_world import TOKEN, World, was_killed, world

RECOUNT = Path(__file__).with_name("live_recount.py")
KNOWN = 24  #: customers that the CRM has from the start and Tryton knows, too
OWN = 16  #: customers that only the CRM knows
ROUNDS = 8
FAULTY = {2, 3, 5, 6}  #: rounds in which the CRM fails now and then
KILLED = {3, 6}  #: rounds in which one sync is killed in the middle
BY_HUB = 5  #: from this round on the hub itself confirms new sales
PAUSE = 0.2  #: longest between two steps in one office [s]
MOST = 40  #: steps of one office while the syncs of a round run
QUIET = 8  #: most passes that the hub may take to come to rest
FAULTS = {
    "rate_429": 0.03, "retry_after": 0, "rate_500_before": 0.03, "rate_500_after": 0.03, "timeout_after_effect": 0.02,
    "truncate": 0.02, "html": 0.02, "error_200": 0.02, "hold_s": 0.3,
}  # fmt: skip
LEAST = {"customers": 60, "products": 24, "orders": 10}
#: Tables of Tryton whose last change tells whether anybody wrote.
WRITTEN = (
    "party.party", "party.address", "party.contact_mechanism", "party.identifier", "product.template",
    "product.product", "sale.sale", "sale.line",
)  # fmt: skip

Say = Callable[[str], None]


def play(*, seed: int, rounds: int, say: Say, keep: bool = False) -> str:
    """Everything; the agreement line. RuntimeError when something is not as it must be."""
    with world(keep=keep) as this:
        if keep:
            say(f"kept in {this.folder}, log of Tryton in {this.tryton.folder}")
        draw = random.Random(seed)  # noqa: S311  what people do
        _fill_crm(this, draw)
        _first_load(this, say)
        workers = Workers(this, seed)
        for number in range(1, rounds + 1):
            _round(this, workers, number, draw, say)
        steps = sum(workers.done.values())
        say(f"people took {steps} steps ({sum(workers.refused.values())} were refused by an application)")
        for name, count in sorted(workers.done.items()):
            say(f"  {count:4d}  {name}")
        _come_to_rest(this, say)
        if _finish_merges(this, workers, say) + _free_parked(this, workers, say):
            this.syncline("parked", "--retry")
            _come_to_rest(this, say)
        _assert_nothing_is_written(this, say)
        return _recounted(this, say)


def _fill_crm(this: World, draw: random.Random) -> None:
    """Customers that Tryton has already, as somebody else spelled them, and some of its own."""
    fields = ["name", "addresses.street", "addresses.postal_code", "addresses.country.code", "identifiers.code"]
    fields += ["contact_mechanisms.type", "contact_mechanisms.value"]
    domain = [["id", "in", this.tryton.facts["customers"][:KNOWN]]]
    for number, party in enumerate(this.people.on("party.party.search_read", domain, 0, None, [["id", "ASC"]], fields)):
        this.crm.ask("POST", "/api/customers", _same_customer(number, party))
    for number in range(OWN):
        body = {
            "name": a_name(draw, 9000 + number), "email": f"own{number}@crm.example.com", "phone": a_phone(draw),
            "addresses": [crm_address(kind, an_address(draw)) for kind in ("billing", "shipping")[: 1 + number % 2]],
        }  # fmt: skip
        this.crm.ask("POST", "/api/customers", body)


def _same_customer(number: int, party: dict) -> dict:
    """By tax number where it has one, else by e-mail and postcode; some lack a phone, some were moved."""
    [address, *_] = party["addresses."]
    values = {each["type"]: each["value"] for each in party["contact_mechanisms."]}
    vat = next((each["code"] for each in party["identifiers."] or ()), None)
    code = address["country."]["code"]
    street = address["street"] if number % 4 else "Alte Gasse 1"
    billing = {"street": street, "postcode": address["postal_code"], "city": CITIES[code], "code": code}
    return {
        "name": party["name"] if number % 3 else party["name"].upper(), "email": values["email"].upper(),
        "phone": values["phone"] if number % 2 else None, "tax_id": vat,
        "addresses": [] if vat and number % 10 == 0 else [crm_address("billing", billing)],
    }  # fmt: skip


def _first_load(this: World, say: Say) -> None:
    for words in (["test"], ["match"]):
        done = this.syncline(*words)
        if done.returncode not in (0, 2):
            raise _failed(done)
    held = this.syncline("sync")
    before = len(this.crm.every("customers"))
    if before != KNOWN + OWN + 1:
        what = f"The CRM has {before} customers before anybody approved: {held.stdout}"
        raise RuntimeError(what)
    say(f"first load: {_told(_sync(this))}")


def _round(this: World, workers: Workers, number: int, draw: random.Random, say: Say) -> None:
    if number in FAULTY:
        this.crm.side_door("faults", {**FAULTS, "seed": number})
    if number == BY_HUB:
        this.adapt({"    confirm: none\n": "    confirm: confirm\n"})
    workers.begin(PAUSE, MOST)
    try:
        if number in KILLED:
            say(f"round {number}: " + _kill_one(this, draw))
        report = _sync(this, *(["--full"] if number % 3 == 0 else []))
    finally:
        workers.end()
    workers.work(5)
    delete_a_party(workers, this, draw)
    if number % 3 == 1:
        merge_two_parties(workers, this, draw)
    if number % 3 == 2:
        merge_two_customers(workers, this, draw)
    this.crm.side_door("faults", {})
    say(f"round {number}: {_told(report)}")


def _kill_one(this: World, draw: random.Random) -> str:
    """`kill -9` while a sync is at work."""
    for _ in range(5):
        process = this.start("sync", "--approve", "--json")
        moment = draw.uniform(0.8, 1.8)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        if was_killed(process):
            return f"a sync was killed after {moment:.2f} s"
    raise RuntimeError("No kill met a sync at work.")


def _come_to_rest(this: World, say: Say) -> None:
    """Nobody works any more: passes until one sends nothing, retries included."""
    for number in range(1, QUIET + 1):
        time.sleep(1.5)
        report = _sync(this, "--full")
        if not _sent(report):
            say(f"at rest after {number} passes")
            return
    what = f"Not at rest after {QUIET} passes: {_told(report)}"
    raise RuntimeError(what)


def _finish_merges(this: World, workers: Workers, say: Say) -> int:
    """Who merged two records in one system is asked to merge them in the other one, too."""
    found = [row for row in this.told("conflicts")["conflicts"] if row["field"] == "*" and "merged in" in row["rule"]]
    merged = 0
    for number, row in enumerate(found):
        [loser], [winner] = (row["theirs"], row["ours"]) if number % 2 else (row["ours"], row["theirs"])
        merged += merge_in(workers, this, row["system"], loser, winner)
    if found:
        say(f"{merged} of {len(found)} merges were made in the other system, too")
        for name in [one for one in workers.reasons if "too" in one]:
            say(f"  {name}: {workers.reasons[name][:300]}")
    return merged


def _free_parked(this: World, workers: Workers, say: Say) -> int:
    """Orders that were changed when Tryton did not allow it any more: people do what the refusal says."""
    rows = [row for row in this.told("parked")["parked"] if row["flow"] == "orders" and row["op"] == "update"]
    freed = sum(free_order(workers, this, row["keys"]["crm"], int(row["key"])) for row in rows)
    if rows:
        say(f"{freed} of {len(rows)} parked orders were set right by people")
    return freed


def _sent(report: dict) -> int:
    return sum(sum(count for count in side["sent"].values()) for side in report["accounts"])


def _assert_nothing_is_written(this: World, say: Say) -> None:
    before = this.crm.side_door("stats")["writes"], _last_writes(this)
    report = _sync(this, "--full")
    after = this.crm.side_door("stats")["writes"], _last_writes(this)
    if before != after:
        what = f"A pass at rest wrote: {before} became {after}. {_told(report)}"
        raise RuntimeError(what)
    say(f"one more pass wrote nothing: {_told(report)}")


def _last_writes(this: World) -> list[object]:
    """Per table how many records there are, and when one was changed last."""
    found: list[object] = []
    for model in WRITTEN:
        domain = [["active", "in", [True, False]]] if model != "sale.sale" and model != "sale.line" else []
        rows = this.people.on(
            f"{model}.search_read", domain, 0, 1, [["last_modified_at", "DESC"], ["id", "DESC"]], ["last_modified_at"]
        )
        found += [this.people.on(f"{model}.search_count", domain, 0, None), json.dumps(rows, sort_keys=True)]
    return found


def _recounted(this: World, say: Say) -> str:
    waiting = this.waiting()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(waiting, file)
        file.flush()
        known = ["--crm", this.crm.url, "--tryton", this.tryton.url, "--database", tryton_server.DATABASE]
        known += ["--user", tryton_server.USER, "--password", tryton_server.PASSWORD, "--token", TOKEN]
        least = [f"{kind}={count}" for kind, count in LEAST.items()]
        done = subprocess.run(
            [sys.executable, RECOUNT, *known, "--waiting", file.name, "--least", *least],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    *lines, last = done.stdout.splitlines() or [done.stderr]
    for line in lines:
        say(line)
    if done.returncode:
        raise RuntimeError(last)
    return last


def _sync(this: World, *words: str) -> dict:
    """One pass, approved; its report."""
    done = this.syncline("sync", "--approve", "--json", *words)
    if done.returncode not in (0, 2, 3):
        raise _failed(done)
    report: dict = json.loads(done.stdout)
    return report


def _told(report: dict) -> str:
    """The report in one line."""
    now = report["agreement"]
    waits = [f"{now[name]} {name}" for name in ("conflicts", "parked", "waiting", "questions") if now[name]]
    read = sum(side["read"] for side in report["accounts"])
    paused = [f"{place} paused: {why}" for place, why in report["paused"].items()]
    told = [f"read {read}, sent {_sent(report)}, {now['agreed']} of {now['records']} records agree", *waits]
    return " · ".join([*told, *paused, *report["held"]])


def _failed(done: subprocess.CompletedProcess[str]) -> RuntimeError:
    return RuntimeError(f"{done.args[3:]} ended with {done.returncode}: {done.stdout}{done.stderr}")
