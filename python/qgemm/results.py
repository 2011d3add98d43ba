"""Sweeps: measure, load, compare, advise."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Union

from . import _core
from .external import selected


class Results:
    """The rows of a sweep, and what it says of itself: `qgemm bench`'s results.json."""

    def __init__(self, text: str, interrupted: bool = False):
        self._text = text
        self._parsed: Optional[dict] = None
        #: Ctrl-C ended it: what was not measured by then is `skipped`.
        self.interrupted = interrupted

    @property
    def _json(self) -> dict:
        if self._parsed is None:
            self._parsed = json.loads(self._text)
        return self._parsed

    @property
    def rows(self) -> List[Dict[str, Any]]:
        """A dict a row, by the field names of results.json; times in µs."""
        return self._json["rows"]

    @property
    def context(self) -> Dict[str, Any]:
        """The device, its limits, the options and what was multiplied."""
        return self._json["context"]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return _core.render_table(self._text) + "\n" + _core.render_summary(self._text)

    def _repr_markdown_(self) -> str:
        return _core.render_markdown(self._text)

    def table(self) -> str:
        """The reference's tables of TFLOP/s, and the summary, as text."""
        return repr(self)

    def to_pandas(self) -> Any:
        """A pandas.DataFrame, one line a row, without the raw samples."""
        import pandas

        frame = pandas.DataFrame(self.rows)
        return frame.drop(columns=["samples_us", "samples_mhz"], errors="ignore")

    def to_json(self) -> str:
        return self._text

    def to_csv(self) -> str:
        return _core.to_csv(self._text)

    def save(self, path: Union[str, os.PathLike]) -> Path:
        """Writes results.json: to a folder, or to a file whose name ends in .json."""
        file = Path(path)
        if file.suffix != ".json":
            file.mkdir(parents=True, exist_ok=True)
            file = file / "results.json"
        file.write_text(self._text, encoding="utf-8")
        return file

    def report(self, path: Union[str, os.PathLike]) -> Path:
        """Writes the HTML page: one file that loads nothing."""
        file = Path(path)
        file.write_text(_core.render_html(self._text), encoding="utf-8")
        return file

    def plot(self, folder: Union[str, os.PathLike], format: str = "png") -> List[Path]:
        """Draws each layer into `folder` (png or svg) and returns the files. Needs gnuplot."""
        if format not in ("png", "svg"):
            raise ValueError(f"format is {format!r}: use png or svg")
        return [Path(file) for file in _core.write_plots(self._text, os.fspath(folder), format)]

    def advise(self) -> str:
        """What the results mean, in sentences."""
        return _core.advise(self._text, False)


def _lists(options: Dict[str, Any]) -> Dict[str, Any]:
    """One value where a list is asked for is a list of one; shapes may be (M, N, K), files paths."""
    out = {}
    for name, value in options.items():
        if name in ("models", "layers", "providers", "engines", "external", "cache", "tp_sizes", "batch_sizes", "shapes"):
            if isinstance(value, (str, int)) or (name == "shapes" and value and isinstance(value[0], int)):
                value = [value]
            value = list(value)
            if name == "shapes":
                value = [s if isinstance(s, str) else "x".join(str(int(size)) for size in s) for s in value]
        if name in ("weights", "activations"):
            value = os.fspath(value)
        out[name] = value
    return out


_names = frozenset(
    "models weights decoder_layer rank activations tp_sizes layers batch_sizes lm_head scan_m shapes providers engines external kernel device threads cache cold_factor scales "
    "data output bias quick no_limits max_time max_noise min_samples timer max_memory seed".split()
)


def bench(
    *,
    progress: Union[bool, Callable[[int, int, float], None], None] = None,
    save: Union[str, os.PathLike, None] = None,
    **options: Any,
) -> Results:
    """Measures a sweep, as `qgemm bench` does, and returns its results.

    Options are the command line's flags with underscores: models, tp_sizes, layers, batch_sizes, shapes ("16x4096x4096" or
    (16, 4096, 4096)), providers, engines, external, device, cache, data, output, max_time, max_noise, seed, … Single values stand for
    lists of one. external: other libraries' products to measure beside: torch, torchao, vllm, and what `register_provider`
    added.

    progress: True for a bar (tqdm's), a function of (rows done, rows, seconds left), or False; a bar on a terminal where
    not given. save: a folder or a .json file for the results. Ctrl-C ends the sweep and returns what was measured.
    """
    unknown = sorted(set(options) - _names)
    if unknown:
        raise TypeError(f"bench() has no option {unknown[0]!r}; it has {', '.join(sorted(_names))}")
    given = _lists(options)
    with selected(given.get("external", ())) as externals, _Progress(progress) as told:
        text, interrupted = _core.run_sweep(given, told, _call("bench", options), externals)
    results = Results(text, interrupted)
    if save is not None:
        results.save(save)
    return results


def _call(function: str, options: Dict[str, Any]) -> str:
    return f"qgemm.{function}(" + ", ".join(f"{name}={value!r}" for name, value in options.items()) + ")"


class _Progress:
    """What `_core.run_sweep` calls after each row, or None."""

    def __init__(self, wanted: Any, unit: str = "row"):
        self._unit = unit
        self._function = wanted if callable(wanted) else None
        self._bar_wanted = wanted is True or (wanted is None and sys.stderr.isatty())
        self._bar: Any = None

    def __enter__(self) -> Any:
        if self._function is not None:
            return self._function
        if not self._bar_wanted:
            return None
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return None

        def tell(done: int, rows: int, seconds_left: float) -> None:
            if self._bar is None:
                self._bar = tqdm(total=rows, unit=self._unit)
            self._bar.update(done - self._bar.n)

        return tell

    def __exit__(self, *_: Any) -> None:
        if self._bar is not None:
            self._bar.close()


def load(path: Union[str, os.PathLike]) -> Results:
    """Results that `qgemm bench` or `Results.save` wrote: results.json, journal.jsonl, or a folder with one."""
    return Results(_core.load_results(os.fspath(path)))


class Comparison:
    """What changed from one run to another. In a condition: whether there is a regression."""

    def __init__(self, before: str, after: str, options: tuple):
        self._given = (before, after, *options)
        self._parsed = json.loads(_core.compare(*self._given, "json"))

    def __repr__(self) -> str:
        return _core.compare(*self._given, "text")

    def _repr_markdown_(self) -> str:
        return _core.compare(*self._given, "markdown")

    def __bool__(self) -> bool:
        return self.regression

    @property
    def regression(self) -> bool:
        return self._parsed["regression"]

    def to_dict(self) -> Dict[str, Any]:
        """`qgemm compare --format json`."""
        return self._parsed


def _text_of(run: Any) -> str:
    return run.to_json() if isinstance(run, Results) else _core.load_results(os.fspath(run))


def compare(
    before: Any, after: Any, threshold: float = 3.0, allow: Any = (), control: str = ""
) -> Comparison:
    """Holds `after` against `before` (Results, or paths), row by row, by rank tests on the raw samples.

    threshold: percent that a time may grow; allow: kinds of differences to compare in spite of (device, driver, engines,
    options, operands, or all); control: a provider whose own change is taken out of the others'.
    """
    allowed = [allow] if isinstance(allow, str) else list(allow)
    return Comparison(_text_of(before), _text_of(after), (float(threshold), allowed, control))


def advise(run: Any, as_json: bool = False) -> Any:
    """What results (or the path of some) mean, in sentences; `as_json`: as `qgemm advise --json`, a dict."""
    text = _core.advise(_text_of(run), as_json)
    return json.loads(text) if as_json else text


def models() -> List[str]:
    """The names of the catalogue."""
    return _core.list_models()
