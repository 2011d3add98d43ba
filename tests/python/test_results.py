import json
import os
import signal
import threading

import numpy as np
import pytest

import qgemm

QUICK = dict(shapes=[(4, 64, 96), "16x64x96"], providers=["f32", "int8-channel-w-token-a"], device="cpu", max_time=0.02,
             min_samples=3, max_noise=50, no_limits=True, cache="hot", progress=False)


@pytest.fixture(scope="module")
def results():
    return qgemm.bench(**QUICK)


def test_rows_are_those_of_results_json(results, tmp_path):
    assert len(results) == 4 and not results.interrupted
    row = results.rows[1]
    assert row["provider"] == "int8-channel-w-token-a" and row["m"] == 4 and row["median_us"] > 0 and row["exact"] is True
    assert results.context["device"]["kind"] == "cpu"
    assert results.context["command"].startswith("qgemm.bench(")
    saved = results.save(tmp_path / "run")
    assert json.loads(saved.read_text())["rows"] == results.rows
    assert qgemm.load(tmp_path / "run").rows == results.rows
    assert qgemm.load(saved).to_json() == results.to_json()


def test_they_are_shown(results, tmp_path):
    assert "N=64 K=96" in results.table() and "Summary" in repr(results)
    assert "| " in results._repr_markdown_()
    assert results.to_csv().splitlines()[0].startswith("model,layer,tp,m,n,k,provider")
    try:
        page = results.report(tmp_path / "report.html").read_text()
        assert page.startswith("<!doctype html>")
    except RuntimeError as missing:
        assert "libjs-chart.js" in str(missing)
    assert "fastest" in results.advise()
    assert qgemm.advise(results, as_json=True)["schema"] == 1


def test_pandas_gets_a_line_a_row(results):
    pandas = pytest.importorskip("pandas")
    frame = results.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 4 and "samples_us" not in frame
    assert (frame["median_us"] > 0).all()


def test_a_run_compares_with_itself_and_with_a_slower_one(results, tmp_path):
    same = qgemm.compare(results, results)
    assert not same and not same.regression and "same" in repr(same)
    slower = json.loads(results.to_json())
    for row in slower["rows"]:
        for field in ("median_us", "p20_us", "p80_us"):
            row[field] *= 2
        row["samples_us"] = [2 * us for us in row["samples_us"]]
    (tmp_path / "slower.json").write_text(json.dumps(slower))
    assert qgemm.compare(results, tmp_path / "slower.json")
    assert qgemm.compare(results, tmp_path / "slower.json").to_dict()["regression"] is True


def test_progress_is_told_to_the_end():
    told = []
    qgemm.bench(**{**QUICK, "progress": lambda done, rows, left: told.append((done, rows))})
    assert told[-1] == (4, 4)


def test_what_progress_raises_comes_out():
    def fail(done, rows, left):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        qgemm.bench(**{**QUICK, "progress": fail})


def test_ctrl_c_keeps_what_was_measured():
    def interrupt(done, rows, left):
        if done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    partial = qgemm.bench(**{**QUICK, "shapes": [(4, 16 * n, 96) for n in range(1, 9)], "progress": interrupt})
    assert partial.interrupted
    outcomes = [row["outcome"] for row in partial.rows]
    assert len(outcomes) == 16 and "skipped" in outcomes and outcomes[0] in ("ok", "noisy")
    assert threading.current_thread() is threading.main_thread()


def test_bad_options_are_named(tmp_path):
    with pytest.raises(TypeError, match="batchsizes"):
        qgemm.bench(batchsizes=[1])
    for options, words in [
        (dict(models="no-such-model"), "no-such-model"),
        (dict(shapes="4x4"), "4x4"),
        (dict(providers="int9"), "int9"),
        (dict(cache="warm"), "warm"),
        (dict(output="int8"), "output"),
        (dict(batch_sizes=["a"]), "batch_sizes"),
    ]:
        with pytest.raises(ValueError, match=words):
            qgemm.bench(**{"device": "cpu", "progress": False, **options})
    with pytest.raises(ValueError, match="results"):
        (tmp_path / "results.json").write_text("{}")
        qgemm.load(tmp_path)


def test_the_catalogue_is_there():
    assert "meta-llama/Llama-3.1-8B-Instruct" in qgemm.models()


def test_weights_of_a_checkpoint(tmp_path):
    """A model of one layer whose weights are k/8 in row n, column k."""
    sizes = {"hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1}
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"], **sizes}))
    weight = np.tile(np.arange(16, dtype=np.float32) / 8, (8, 1))
    tensor = {"dtype": "F32", "shape": [8, 16], "data_offsets": [0, weight.nbytes]}
    header = json.dumps({"model.layers.0.mlp.down_proj.weight": tensor}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + weight.tobytes())
    results = qgemm.bench(
        weights=str(tmp_path), decoder_layer=0, layers="down", batch_sizes=2, providers="int8-*-noquant", device="cpu",
        max_time=0.005, min_samples=3, no_limits=True, threads=1, progress=False,
    )
    assert results.rows and all(row["exact"] for row in results.rows)
    assert {facts["data"] for facts in results.context["operands"] if facts["of"] == "weights"} == {"checkpoint"}
    with pytest.raises(ValueError, match="q_proj.weight"):
        qgemm.bench(weights=str(tmp_path), progress=False)
