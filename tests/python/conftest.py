import os
import random

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing of the user's is read or written."""
    monkeypatch.setenv("QGEMM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("QGEMM_HISTORY", str(tmp_path / "history.sqlite"))


@pytest.fixture
def rng(request):
    seed = int(os.environ.get("QGEMM_TEST_SEED", random.SystemRandom().randrange(2**32)))
    print(f"QGEMM_TEST_SEED={seed}")
    return np.random.default_rng(seed)
