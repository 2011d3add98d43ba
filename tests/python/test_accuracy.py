import json

import pytest

import qgemm

SMALL = dict(layers="o", tokens=16, channels=8, providers=["int8-tensor-w-tensor-a", "int8-channel-w-token-a"], seed=3, progress=False)


@pytest.fixture(scope="module")
def report():
    return qgemm.accuracy(smooth=0.5, **SMALL)


def test_the_report_is_the_command_lines(report, tmp_path):
    assert len(report) == 1 and not report.interrupted
    (layer,) = report.layers
    assert (layer["layer"], layer["decoder_layer"], layer["tokens"], layer["channels"]) == ("o", 0, 16, 8)
    assert [scheme["provider"] for scheme in layer["schemes"]] == SMALL["providers"]
    tensor, channel = layer["schemes"]
    assert channel["sqnr_db"] > tensor["sqnr_db"] > 5  # made-up activations have outliers, which one scale is spoiled by
    assert channel["alpha"] == 0.5 and channel["smoothed_db"] > channel["sqnr_db"]
    assert {row["provider"] for row in report.summary} == set(SMALL["providers"])
    assert "int8-channel-w-token-a" in repr(report) and "|" in report._repr_markdown_()
    assert "int8-channel-w-token-a" in report.advise()
    assert qgemm.load_accuracy(report.save(tmp_path / "accuracy.json")).to_json() == report.to_json()
    assert json.loads(report.to_json())["command"].startswith("qgemm.accuracy(")


def test_rows_go_to_pandas(report):
    pytest.importorskip("pandas")
    frame = report.to_pandas()
    assert list(frame["provider"]) == SMALL["providers"]


def test_without_smoothing_there_is_none():
    report = qgemm.accuracy(smooth="off", **SMALL)
    assert all("smoothed_db" not in scheme or scheme["smoothed_db"] is None for scheme in report.layers[0]["schemes"])


def test_progress_is_told():
    told = []
    qgemm.accuracy(**{**SMALL, "layers": ["o", "qkv"], "progress": lambda *step: told.append(step)}, smooth="off")
    assert [step[:2] for step in told] == [(1, 2), (2, 2)]


def test_ctrl_c_keeps_what_is_done():
    def interrupt(done, layers, left):
        raise KeyboardInterrupt

    report = qgemm.accuracy(**{**SMALL, "layers": ["o", "qkv"], "progress": interrupt}, smooth="off")
    assert report.interrupted and len(report) == 1


def test_bad_options_are_named(tmp_path):
    with pytest.raises(TypeError, match="tokenz"):
        qgemm.accuracy(tokenz=1)
    for options, words in [
        (dict(smooth="much"), "--smooth"),
        (dict(weights=tmp_path / "none"), "none"),
        (dict(decoder_layers="3:1"), "3:1"),
        (dict(tokens="many"), "tokens"),
        (dict(providers="bf16"), "--providers"),
    ]:
        with pytest.raises(ValueError, match=words):
            qgemm.accuracy(**options, progress=False)
    (tmp_path / "results.json").write_text('{"schema": 1}')
    with pytest.raises(ValueError, match="holds no report"):
        qgemm.load_accuracy(tmp_path / "results.json")
