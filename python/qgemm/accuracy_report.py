"""What quantization costs in accuracy, layer by layer."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Union

from . import _core
from .results import _Progress, _call, _lists

_names = frozenset(
    "weights activations models layers decoder_layers tp rank tokens calibration_tokens channels providers smooth data seed".split()
)


class AccuracyReport:
    """Ranges, SQNR and what smoothing gains: `qgemm accuracy --format json`."""

    def __init__(self, text: str, interrupted: bool = False):
        self._text = text
        self._json = json.loads(text)
        #: Ctrl-C ended it: it has the layers that were done by then.
        self.interrupted = interrupted

    @property
    def layers(self) -> List[Dict[str, Any]]:
        """A dict a layer of a decoder layer: `weights`, `activations` (ranges), `schemes`, `fold`, …"""
        return self._json["layers"]

    @property
    def summary(self) -> List[Dict[str, Any]]:
        """A dict a provider: its median and worst SQNR over the layers, as they are and smoothed."""
        return self._json["summary"]

    def __len__(self) -> int:
        return len(self.layers)

    def __repr__(self) -> str:
        return _core.accuracy_table(self._text)

    def _repr_markdown_(self) -> str:
        return _core.accuracy_markdown(self._text)

    def to_pandas(self) -> Any:
        """A pandas.DataFrame, one line a layer and provider."""
        import io

        import pandas

        return pandas.read_csv(io.StringIO(self.to_csv()))

    def to_json(self) -> str:
        return self._text

    def to_csv(self) -> str:
        return _core.accuracy_csv(self._text)

    def save(self, path: Union[str, os.PathLike]) -> Path:
        """Writes the JSON, for `load_accuracy` and `qgemm advise`."""
        file = Path(path)
        file.write_text(self._text, encoding="utf-8")
        return file

    def advise(self) -> str:
        """What to take, and why, in sentences."""
        return _core.accuracy_advice(self._text)


def accuracy(*, progress: Union[bool, Callable[[int, int, float], None], None] = None, **options: Any) -> AccuracyReport:
    """Quantizes layers by each provider and holds their products against float64, as `qgemm accuracy` does; no time is measured.

    Options are the command line's flags with underscores: weights (a folder with config.json and safetensors files, else
    random ones of models), activations (a safetensors file, else random ones with outliers), layers, decoder_layers, tp, rank,
    tokens, calibration_tokens, channels, providers, smooth ("auto", "off" or SmoothQuant's alpha), data, seed. progress as `bench` has it. Ctrl-C
    ends it and returns what is done.
    """
    unknown = sorted(set(options) - _names)
    if unknown:
        raise TypeError(f"accuracy() has no option {unknown[0]!r}; it has {', '.join(sorted(_names))}")
    given = _lists(options)
    if "smooth" in given:
        given["smooth"] = str(given["smooth"])
    if "decoder_layers" in given:
        layers = given["decoder_layers"]
        given["decoder_layers"] = [str(layer) for layer in ([layers] if isinstance(layers, (str, int)) else layers)]
    date = datetime.datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S%z")
    with _Progress(progress, "layer") as told:
        text, interrupted = _core.measure_accuracy(given, told, date, _call("accuracy", options))
    return AccuracyReport(text, interrupted)


def load_accuracy(path: Union[str, os.PathLike]) -> AccuracyReport:
    """A report that `qgemm accuracy --format json --out` or `AccuracyReport.save` wrote."""
    return AccuracyReport(_core.load_accuracy(os.fspath(path)))
