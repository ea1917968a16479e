"""The simulator drives the hub by what `syncline sync` calls, and the product does not know that it is simulated."""

import ast

from tests.architecture.repository import modules, names

#: What the simulator may use of the product. Of the engine: nothing but the entry that every command has, and what the
#: receiver of webhooks calls. That keeps a hint and does no more: it is the commands' entry that acts on it.
ALLOWED = (
    "syncline.app.",
    "syncline.config.",
    "syncline.engine.event.hint",
    "syncline.errors.",
    "syncline.mapping.Lens",
    "syncline.merging.normalise",
    "syncline.model.",
    "syncline.ports.store.Store",
    "syncline.security.EnvSecrets",
    "syncline.simulation.",
)
#: What it may call to make the hub do something; the others only ask.
ENTRY = "syncline.app.operations.sync"
ASKING = {"conflicts", "history", "parked", "questions", "status", "verify"}


def simulator() -> dict[str, ast.Module]:
    return {name: tree for name, tree in modules().items() if name.startswith("simulation/")}


def used(tree: ast.Module) -> set[str]:
    return {name for name, _ in names(tree) if name.startswith("syncline.")}


def test_the_simulator_calls_nothing_of_the_engine():
    strange = {
        f"{module}: {name}"
        for module, tree in simulator().items()
        for name in used(tree)
        if not name.startswith(ALLOWED)
    }

    assert strange == set()


def test_the_hub_moves_by_the_entry_of_the_command_alone():
    operations = {
        name.removeprefix("syncline.app.operations.").split(".")[0]
        for tree in simulator().values()
        for name in used(tree)
        if name.startswith("syncline.app.operations.")
    }

    assert operations == {"sync"} | ASKING
    assert ENTRY in used(modules()["simulation/world.py"])
    assert ENTRY in used(modules()["cli/syncing.py"])


def test_no_module_of_the_product_knows_that_it_is_simulated():
    knowing = {
        module
        for module, tree in modules().items()
        if not module.startswith(("simulation/", "cli/simulating.py"))
        and any("simulation" in name.split(".") for name, _ in names(tree))
    }

    assert knowing == set()
