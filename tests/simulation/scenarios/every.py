"""Every reference scenario by its name, and those among them in which the hub dies twice."""

from collections.abc import Mapping

from tests.simulation.scenarios.batches import BATCHES
from tests.simulation.scenarios.creates import CREATES
from tests.simulation.scenarios.deletes import DELETES
from tests.simulation.scenarios.edits import EDITS
from tests.simulation.scenarios.references import REFERENCES
from tests.simulation.scenarios.words import Scenario

SCENARIOS: Mapping[str, Scenario] = {one.name: one for one in (*CREATES, *EDITS, *DELETES, *BATCHES, *REFERENCES)}
#: In these at every pair of boundaries.
TWICE = (
    "created in the crm",
    "created in both at once",
    "created, the answer lost",
    "created long after everybody gave up",
    "edited",
    "edited, the answer lost",
    "edits clash, the later wins",
    "an atomic group, a field by each",
    "deleted, and nobody tells",
    "merged",
)
#: In these at every boundary in each `make test`.
QUICK = (
    "created, the answer lost",
    "edited, the answer lost",
    "edits clash, the later wins",
    "deleted, and nobody tells",
    "a batch that was done by half",
)
