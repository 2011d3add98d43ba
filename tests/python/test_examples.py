"""The examples run, and say what they promise."""

import json
import pathlib
import subprocess
import sys

examples = pathlib.Path(__file__).resolve().parents[2] / "examples"


def run(name, *words):
    done = subprocess.run(
        [sys.executable, str(examples / "python" / name), *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_cost_of_quantizing_is_told():
    out = run("time_quantization.py", "4", "64", "96")
    assert out.startswith("4 x 64 x 96 on ") and out.count(" us") == 3


def test_zero_points_help_where_activations_are_on_one_side():
    lines = run("symmetric_or_not.py", "16", "64", "256").splitlines()[1:]
    gains = {}
    for line in lines:
        words = line.replace(" dB", "").split()
        gains[" ".join(words[:-2])] = float(words[-1]) - float(words[-2])
    assert gains["after a ReLU"] > 3 and gains["shifted by 3"] > 3 and abs(gains["normal"]) < 3


def test_a_shape_of_ones_own_is_measured():
    out = run("your_own_shape.py", "4x64x96", "--quick")
    assert "N=64 K=96" in out and "qgemm bench --shapes 4x64x96" in out


def test_the_notebook_runs(tmp_path, monkeypatch):
    notebook = json.loads((examples / "notebook.ipynb").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    names = {}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells
    for cell in cells:
        exec("".join(cell["source"]), names)  # as a kernel would, but for what it shows
        assert cell["outputs"], "the notebook is saved with what it showed"
    assert (tmp_path / "report.html").exists() or not names["page"]
