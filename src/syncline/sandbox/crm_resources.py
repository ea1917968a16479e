"""All resources of the CRM, by name."""

from __future__ import annotations

from collections.abc import Mapping

from syncline.sandbox.crm_custom import (
    INVOICES,
    PURCHASE_ORDERS,
    SHIPMENTS,
    STOCK,
    SUPPLIERS,
    WORK_CENTRES,
    WORK_ORDERS,
)
from syncline.sandbox.crm_fields import Resource
from syncline.sandbox.crm_sales import CAMPAIGNS, CONTACTS, INTERACTIONS, OPPORTUNITIES
from syncline.sandbox.crm_service import CASES, NEEDS
from syncline.sandbox.crm_words import CUSTOMERS, ORDERS, PRODUCTS

RESOURCES: Mapping[str, Resource] = {
    resource.table.name: resource
    for resource in (
        CUSTOMERS, PRODUCTS, ORDERS,
        CONTACTS, OPPORTUNITIES, INTERACTIONS, CAMPAIGNS, CASES, NEEDS,
        SHIPMENTS, WORK_ORDERS, WORK_CENTRES, INVOICES, STOCK, SUPPLIERS, PURCHASE_ORDERS,
    )
}  # fmt: skip
