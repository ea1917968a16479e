"""What every test shares: how hard hypothesis tries."""

import os

from hypothesis import HealthCheck, settings

_SHARED = {
    "deadline": None,  # a shared machine pauses when it likes
    "derandomize": True,  # the same commit gives the same verdict
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("fast", max_examples=25, **_SHARED)
settings.register_profile("ci", max_examples=100, **_SHARED)
settings.register_profile("long", max_examples=2000, **_SHARED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "fast"))
