"""What is said to whom, by which way, when, and what it is expected to bring: the plan of interaction.

Each suggestion has a probability and a worth; their product is what it brings, less what a contact costs. Customers are
not asked more often than they bear, and people are not given more tasks than they have hours for.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import NamedTuple

import msgspec
import pyarrow as pa

from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError, SetupError

SUGGESTIONS = Layout(
    row="one thing that could be said to one customer",
    columns=(
        Column("customer", pa.string(), available_at=ALWAYS),
        Column("action", pa.string(), available_at=ALWAYS),  # win back, recommend, offer, tell of a delay
        Column("channel", pa.string(), available_at=ALWAYS),  # campaign, or task: a person does it
        Column("when", pa.date32()),  # not before this day
        Column("p", pa.float64()),  # 0..1, by how much the contact raises the chance of the outcome
        Column("worth", pa.float64(), unit="money"),  # of the outcome
        Column("owed", pa.bool_()),  # it must be said whatever it brings, such as a delay
        Column("why", pa.string()),
    ),
)
PLAN = Layout(
    row="one contact with one customer",
    columns=(
        Column("customer", pa.string()),
        Column("action", pa.string()),
        Column("channel", pa.string()),
        Column("when", pa.date32()),
        Column("expected_value", pa.float64(), unit="money"),
        Column("why", pa.string()),
    ),
)
CHANNELS = ("campaign", "task")


class ContactPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How much contact is borne and can be done in one plan."""

    campaign_cost: float = 0.1  #: money for one contact
    task_cost: float = 15.0  #: money for one contact by a person
    tasks: int = 50  #: contacts by people, at most
    per_customer: int = 2  #: contacts that are not owed, at most


class _Suggested(NamedTuple):
    customer: str
    action: str
    channel: str
    when: date
    p: float
    worth: float
    owed: bool
    why: str


def interaction_plan(
    suggestions: pa.Table,
    as_of: date,
    policy: ContactPolicy = ContactPolicy(),  # noqa: B008  frozen
) -> pa.Table:
    """The contacts that are worth it, what is owed first, then by what they bring [money].

    expected value = p x worth - cost of the contact; what brings nothing is left out unless it is owed. What is owed is
    a person's task only while there are tasks left, then it goes out as part of a campaign.

    Args:
        suggestions: As `SUGGESTIONS`; an action comes once for a customer, the best one.
        as_of: The first day of the plan; nothing is planned before it.
        policy: What contacts cost, and how many there may be.

    Raises:
        SetupError: a column is missing, or a channel is unknown.
        RejectedError: a probability is not between 0 and 1.

    >>> day = date(2026, 3, 2)
    >>> found = pa.table({"customer": ["a", "a", "b"], "action": ["win back", "recommend", "recommend"],
    ...     "channel": ["task", "campaign", "campaign"], "when": [day] * 3, "p": [0.1, 0.05, 0.001],
    ...     "worth": [900.0, 40.0, 40.0], "owed": [False] * 3, "why": ["silent for 90 days", "has tea", "has tea"]})
    >>> [(row["customer"], row["action"], row["expected_value"]) for row in interaction_plan(found, day).to_pylist()]
    [('a', 'win back', 75.0), ('a', 'recommend', 1.9)]
    """
    table = asked(SUGGESTIONS, suggestions, name="suggestions")
    rows = [_Suggested(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
    _check(rows)
    best: dict[tuple[str, str], _Suggested] = {}
    for one in sorted(rows, key=lambda one: (not one.owed, -_value(one, policy), one.channel, one.why)):
        best.setdefault((one.customer, one.action), one)
    chosen = _chosen(list(best.values()), policy)
    columns = {
        "customer": [one.customer for one in chosen],
        "action": [one.action for one in chosen],
        "channel": [one.channel for one in chosen],
        "when": pa.array([max(one.when, as_of) for one in chosen], pa.date32()),
        "expected_value": [round(_value(one, policy), 9) for one in chosen],
        "why": [one.why for one in chosen],
    }
    return made(PLAN, {name: column if len(chosen) else [] for name, column in columns.items()})


def _chosen(rows: list[_Suggested], policy: ContactPolicy) -> list[_Suggested]:
    contacts: Counter[str] = Counter()
    tasks, chosen = 0, []
    for one in sorted(rows, key=lambda one: (not one.owed, -_value(one, policy), one.customer, one.action)):
        if one.channel == "task" and tasks >= policy.tasks:
            if not one.owed:
                continue
            one = one._replace(channel="campaign")  # noqa: PLW2901  what is owed goes another way
        if not one.owed:
            if _value(one, policy) <= 0 or contacts[one.customer] >= policy.per_customer:
                continue
            contacts[one.customer] += 1
        tasks += one.channel == "task"
        chosen.append(one)
    return chosen


def _value(one: _Suggested, policy: ContactPolicy) -> float:
    return one.p * one.worth - (policy.task_cost if one.channel == "task" else policy.campaign_cost)


def _check(rows: list[_Suggested]) -> None:
    for one in rows:
        if one.channel not in CHANNELS:
            raise SetupError(f"The channel {one.channel} is unknown.", cure=f"Write {' or '.join(CHANNELS)}.")
        if not 0 <= one.p <= 1:
            raise RejectedError(f"{one.p} for {one.customer} is no probability.", cure="Give one from 0 to 1.")
