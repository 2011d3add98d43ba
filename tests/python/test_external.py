"""Products of other code in a sweep: `register_provider`, `bench(external=...)`, and `python -m qgemm bench --external`."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import qgemm
from qgemm import external

QUICK = dict(shapes=[(4, 64, 96)], providers=["f32", "int8-channel-w-token-a-noquant"], device="cpu", max_time=0.01,
             min_samples=3, max_noise=50, no_limits=True, cache="cold", cold_factor=0.01, threads=1, output="f32",
             progress=False)


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(external, "_registered", {})


def numpy_product(a, w, product):
    def run():
        if product.a_quantized == "none":
            return a @ w.T
        sums = a.astype(np.float32) @ w.T.astype(np.float32)
        return sums * product.w_scale.T * product.a_scale

    run.kernel = "numpy.matmul"
    return run


def rows_of(name, make_runner, like=("f32", "int8-channel-w-token-a-noquant"), **options):
    qgemm.register_provider(name, make_runner, like=like)
    results = qgemm.bench(**{**QUICK, "external": name, **options})
    assert all(row["median_us"] > 0 for row in results.rows if row["engine"] != name)
    return results, [row for row in results.rows if row["engine"] == name]


def test_a_numpy_product_is_measured_and_checked_beside_ours():
    results, rows = rows_of("numpy", numpy_product)
    assert [row["provider"] for row in rows] == ["f32", "int8-channel-w-token-a-noquant"]
    for row in rows:
        assert row["outcome"] in ("ok", "noisy"), row["message"]
        assert row["kernel"] == "numpy.matmul" and row["speedup_f32"] > 0 and row["exact"] is None
        assert " --external numpy " in row["repro"]
    assert rows[0]["rel_error"] < 1e-5 < rows[1]["rel_error"] < 0.05
    assert results.context["options"]["external"] == ["numpy"]
    assert results.context["device"]["engine_numpy"].endswith("numpy_product")
    assert "numpy" in results.table()
    assert not qgemm.compare(results, results)


def test_arrays_and_what_is_told_of_them():
    seen = []

    def look(a, w, product):
        assert a.dtype == np.int8 and w.dtype == np.int8 and a.shape == (4, 96) and w.shape == (64, 96)
        assert (product.m, product.n, product.k, product.threads) == (4, 64, 96, 1)
        assert (product.a_quantized, product.a_scales_of, product.w_scales_of) == ("ahead", "token", "channel")
        assert product.a_scale.shape == (4, 1) and product.w_scale.shape == (64, 1) and product.a_azp is None
        assert product.bias.shape == (64,) and product.bias.dtype == np.float32 and product.output == "float32"
        assert (product.w_colsum[:, 0] == w.sum(axis=1)).all()
        seen.append((w.ctypes.data, w.copy()))
        return lambda: numpy_product(a, w, product)() + product.bias

    _, rows = rows_of("looks", look, like="int8-channel-w-token-a-noquant", bias=True)
    assert rows[0]["outcome"] in ("ok", "noisy"), rows[0]["message"]
    assert len(seen) > 1 and len({place for place, _ in seen}) == len(seen)
    assert all((copy == seen[0][1]).all() for _, copy in seen)


def test_arrays_that_are_kept_stay_what_they_were():
    kept = []

    def keep(a, w, product):
        kept.append((a, a.copy(), w, w.copy(), product.w_scale, product.w_scale.copy()))
        return numpy_product(a, w, product)

    rows_of("keeps", keep, like="int8-channel-w-token-a-noquant", shapes=[(4, 64, 96), (4, 512, 960)])
    assert len(kept) > 2
    for arrays in kept:
        assert all((arrays[i] == arrays[i + 1]).all() for i in (0, 2, 4))


@pytest.mark.parametrize(
    "wrong", [lambda d: d * 1.1, lambda d: np.where(d == d[0, 0], -d, d), lambda d: d + np.float32("nan")]
)
def test_a_wrong_product_is_incorrect(wrong):
    def make(a, w, product):
        right = numpy_product(a, w, product)
        return lambda: wrong(right()).astype(np.float32)

    _, rows = rows_of("wrong", make)
    assert [row["outcome"] for row in rows] == ["incorrect"] * 2
    assert all(row.get("median_us") is None and "float64" in row["message"] for row in rows)


def test_what_it_raises_is_its_rows_message():
    calls = []

    def late():
        calls.append(1)
        if len(calls) > 4:
            raise KeyError("gone")
        return np.zeros((4, 64), np.float32)

    def raises(error):
        raise error

    for name, make, outcome, message in [
        ("r1", lambda a, w, p: raises(ValueError("no such thing\nand more")), "failed", "ValueError: no such thing"),
        ("r2", lambda a, w, p: raises(NotImplementedError("not for K of 96")), "unsupported", "not for K of 96"),
        ("r3", lambda a, w, p: raises(MemoryError("too large")), "out_of_memory", "too large"),
        ("r4", lambda a, w, p: lambda: raises(KeyError("gone")), "failed", "KeyError: 'gone'"),
        ("r5", lambda a, w, p: lambda: (a @ w.T).astype(np.float16), "failed", "[4, 64] of f16: it has to be [4, 64] of f32"),
        ("r6", lambda a, w, p: lambda: (a @ w.T)[:2], "failed", "[2, 64] of f32"),
        ("r7", lambda a, w, p: lambda: None, "failed", "what it returned is a NoneType"),
        ("r8", lambda a, w, p: lambda: np.asfortranarray(a @ w.T), "failed", "contiguous"),
        ("r9", lambda a, w, p: None, "failed", "TypeError"),
    ]:
        _, rows = rows_of(name, make, like="f32")
        assert rows[0]["outcome"] == outcome and message in rows[0]["message"], rows[0]["message"]
    _, rows = rows_of("late", lambda a, w, p: late, like="f32", data="zeros")
    assert rows[0]["outcome"] == "failed" and "KeyError" in rows[0]["message"]


def test_ctrl_c_inside_it_ends_the_sweep_and_keeps_what_was_measured():
    def make(a, w, product):
        right, calls = numpy_product(a, w, product), []

        def run():
            calls.append(1)
            if product.n == 128 and len(calls) > 2:
                raise KeyboardInterrupt
            return right()

        return run

    qgemm.register_provider("interrupted", make, like="f32")
    results = qgemm.bench(**{**QUICK, "external": "interrupted", "shapes": [(4, 64, 96), (4, 128, 96), (4, 192, 96)]})
    assert results.interrupted and len(results) == 9
    outcomes = [row["outcome"] for row in results.rows]
    assert all(outcome in ("ok", "noisy") for outcome in outcomes[:3]) and outcomes[4:] == ["skipped"] * 5


def test_a_bad_registration_or_name_is_refused():
    with pytest.raises(ValueError, match="int9"):
        qgemm.register_provider("x", numpy_product, like="int9")
    with pytest.raises(ValueError, match="NumPy does not have"):
        qgemm.register_provider("x", numpy_product, like="bf16")
    with pytest.raises(TypeError, match="make_runner"):
        qgemm.register_provider("x", None, like="f32")
    with pytest.raises(ValueError, match="those known are torch, torchao, vllm"):
        qgemm.bench(**{**QUICK, "external": "nosuch"})
    qgemm.register_provider("reference", numpy_product, like="f32")
    with pytest.raises(ValueError, match="name of an engine of this program"):
        qgemm.bench(**{**QUICK, "external": "reference"})
    qgemm.register_provider("two words", numpy_product, like="f32")
    with pytest.raises(ValueError, match="no name of an external"):
        qgemm.bench(**{**QUICK, "external": "two words"})


@pytest.mark.parametrize("name, package", [("torch", "torch"), ("torchao", "torch"), ("vllm", "torch")])
def test_a_missing_package_is_named(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RuntimeError, match=f"needs the package {package} .*pip install {package}"):
        qgemm.bench(**{**QUICK, "external": name})


def command_line(*words, code=None, folder):
    start = ["-m", "qgemm"] if code is None else ["-c", code]
    return subprocess.run([sys.executable, *start, *words], capture_output=True, text=True, cwd=folder, timeout=120)


FEW = ["--shapes", "4x64x96", "--device", "cpu", "--max-time", "0.01", "--no-limits", "--no-plots", "--no-history", "--quiet"]


def test_the_command_line_runs_in_python(tmp_path):
    assert command_line("--version", folder=tmp_path).stdout.startswith(f"qgemm {qgemm.__version__} (")
    code = (
        "import sys, qgemm, qgemm.__main__\n"
        "qgemm.register_provider('mine', lambda a, w, p: lambda: a @ w.T, like='f32')\n"
        "sys.exit(qgemm.__main__.main())"
    )
    words = ["bench", *FEW, "--external", "mine", "--providers", "f32", "--out", "run"]
    done = command_line(*words, code=code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = qgemm.load(tmp_path / "run").rows
    assert [row["engine"] for row in rows][-1] == "mine" and len(rows) == 2
    assert done.stderr == "" and "Benchmark finished!" in done.stdout
    assert qgemm.load(tmp_path / "run").context["command"].startswith("qgemm bench --shapes 4x64x96 ")
    # The same again goes on with what is there; other externals are another sweep.
    again = command_line(*words, "--resume", code=code, folder=tmp_path)
    assert again.returncode == 0, again.stderr
    other = command_line(*[word for word in words if word not in ("--external", "mine")], "--resume", code=code,
                         folder=tmp_path)
    assert other.returncode == 2 and "--external was another" in other.stderr


def test_the_command_line_refuses_what_it_does_not_know(tmp_path):
    done = command_line("bench", *FEW, "--external", "nosuch", folder=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("qgemm: unknown external 'nosuch': those known are torch, torchao, vllm")
    assert len(done.stderr.splitlines()) == 1 and os.listdir(tmp_path) == []


def test_the_command_line_names_a_missing_package(tmp_path):
    code = "import sys; sys.modules['torch'] = None; from qgemm.__main__ import main; sys.exit(main())"
    done = command_line("bench", *FEW, "--external", "torch", code=code, folder=tmp_path)
    assert done.returncode == 3 and "pip install torch" in done.stderr and len(done.stderr.splitlines()) == 1


def test_ctrl_c_ends_the_command_line_and_keeps_what_was_measured(tmp_path):
    code = (
        "import sys, qgemm, qgemm.__main__\n"
        "qgemm.register_provider('mine', lambda a, w, p: lambda: a @ w.T, like='f32')\n"
        "sys.exit(qgemm.__main__.main())"
    )
    shapes = [f"4x{16 * n}x96" for n in range(1, 200)]
    words = ["bench", *FEW[2:], "--shapes", *shapes, "--external", "mine", "--providers", "f32", "--out", "run"]
    with subprocess.Popen([sys.executable, "-c", code, *words], cwd=tmp_path, stdout=subprocess.PIPE) as running:
        journal = tmp_path / "run" / "journal.jsonl"
        while running.poll() is None and not (journal.exists() and journal.read_text().count("\n") > 3):
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        out = running.communicate(timeout=120)[0].decode()
    assert running.returncode == 130 and "--resume" in out
    outcomes = [row["outcome"] for row in qgemm.load(tmp_path / "run").rows]
    assert len(outcomes) == 2 * len(shapes) and outcomes[0] in ("ok", "noisy") and outcomes[-1] == "skipped"
