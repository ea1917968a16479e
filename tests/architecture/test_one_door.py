"""Clock, randomness and ids come through `syncline.env`, or a run could not be repeated from its seed."""

from tests.architecture.repository import modules, names

#: What differs from one execution to the next. A name ending in a dot is a whole module.
WORLD = (
    "time.",
    "random.",
    "secrets.",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid.getnode",
    "os.urandom",
    "os.getrandom",
    "asyncio.sleep",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
)

#: The type of a generator that somebody passes in, and a generator with a seed.
HARMLESS = ("random.Random",)

#: Who may use which part of the world, and why.
ALLOWED = {
    "env.py": WORLD,  # the door itself
    "sandbox/": WORLD,  # a stranger: a business application has a clock of its own
    "security/": ("secrets.", "os.urandom"),  # keys and nonces must not be repeatable
}


def is_world(name: str) -> bool:
    return name not in HARMLESS and _is_among(name, WORLD)


def is_allowed(module: str, name: str) -> bool:
    return any(module.startswith(place) and _is_among(name, parts) for place, parts in ALLOWED.items())


def _is_among(name: str, parts: tuple[str, ...]) -> bool:
    return any(name.startswith(part) if part.endswith(".") else name == part for part in parts)


def test_only_the_door_touches_clock_randomness_and_ids():
    trespasses = [
        f"{module}:{line} {name}"
        for module, tree in modules().items()
        for name, line in names(tree)
        if is_world(name) and not is_allowed(module, name)
    ]

    assert trespasses == []


#: Who may speak to a network by itself: what addresses and how long is decided in the one wire module (decision 4).
WIRES = (
    "connectors/protocols/http_connection.py",
    "connectors/protocols/http_client.py",
    "connectors/protocols/brokers_",  # hands addresses and the rules of TLS to the clients of brokers
    "connectors/protocols/sql_database.py",  # hands the rules of TLS to a driver, which opens its own sockets
    "sandbox/",  # a stranger
    "cli/playground.py",  # asks the sandbox that it has started
    "server/",  # listens, and calls nobody
)
SOCKETS = ("socket.", "ssl.", "select.", "http.client.", "urllib.request.", "asyncio.", "aiohttp.")


def test_only_the_wire_opens_sockets():
    trespasses = [
        f"{module}:{line} {name}"
        for module, tree in modules().items()
        for name, line in names(tree)
        if _is_among(name, SOCKETS) and not module.startswith(WIRES)
    ]

    assert trespasses == []
