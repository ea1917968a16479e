"""Every promise of the store port as a test; each implementation inherits them all.

class TestMyStore(StoreSuite):
    @pytest.fixture
    def opening(self, tmp_path):
        return partial(open_my_store, tmp_path)

    @pytest.fixture
    def age(self, tmp_path):
        return partial(mark_as_newer, tmp_path)
"""

from __future__ import annotations

from syncline.testing.store_durability import StoreDurability
from syncline.testing.store_fixtures import Opening
from syncline.testing.store_history import StoreHistory
from syncline.testing.store_machine import StoreAgreement
from syncline.testing.store_records import StoreRecords
from syncline.testing.store_tables import StoreTables
from syncline.testing.store_together import StoreTogether
from syncline.testing.store_work import StoreWork

__all__ = ["Opening", "StoreSuite"]


class StoreSuite(StoreRecords, StoreWork, StoreHistory, StoreDurability, StoreTogether, StoreTables, StoreAgreement):
    """All parts; a subclass gives the fixtures `opening` and `age`."""
