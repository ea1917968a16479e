"""What must be equal in all applications, written down a second time, by hand.

The recount must not believe the synchroniser, so it shares no mapping with it: this table is its own. Each line says
where a field is in the CRM, where in the other application, and in which common form the two are compared.
"""

from __future__ import annotations

from table_erp import CUSTOMERS, INVOICES, ITEMS, SALES_DOCUMENTS
from table_making import CATALOGUE, MADE_GOODS, NEEDS, WORK_CENTRES, WORK_ORDERS
from table_supply import (
    ARTICLES,
    AVAILABLE,
    CHANCES,
    DELIVERIES,
    DEMANDS,
    FULFILMENT,
    MATERIALS,
    PURCHASES,
    SHIPMENTS,
    STOCK,
    SUPPLIER_NUMBERS,
    SUPPLIERS,
)

#: parents before those that name them
COMPARISONS = (
    CUSTOMERS,
    ITEMS, ARTICLES, MATERIALS, MADE_GOODS, CATALOGUE,
    CHANCES, SALES_DOCUMENTS, DEMANDS, FULFILMENT, INVOICES,
    STOCK, AVAILABLE, SUPPLIERS, SUPPLIER_NUMBERS, PURCHASES, SHIPMENTS, DELIVERIES,
    WORK_CENTRES, WORK_ORDERS, NEEDS,
)  # fmt: skip
