"""What a project folder says, as frozen settings; every problem is reported at once, as file:line:column."""

from __future__ import annotations

from syncline.config.blueprint import blueprints, write_blueprint
from syncline.config.load import FILE, load_project
from syncline.config.order import circles, order_flows
from syncline.config.parts import schema
from syncline.config.problems import Place
from syncline.config.settings import (
    FlowSettings,
    MappingCase,
    Project,
    Schedule,
    StoreSettings,
    SystemSettings,
)

__all__ = [
    "FILE",
    "FlowSettings",
    "MappingCase",
    "Place",
    "Project",
    "Schedule",
    "StoreSettings",
    "SystemSettings",
    "blueprints",
    "circles",
    "load_project",
    "order_flows",
    "schema",
    "write_blueprint",
]
