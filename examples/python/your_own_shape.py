"""Your own shapes and schemes, measured and checked as `qgemm bench` does, FP8 beside INT8 where the device has it.

    python your_own_shape.py 1x4096x11008 64x4096x11008
"""

import sys

import qgemm

shapes = [word for word in sys.argv[1:] if not word.startswith("-")] or ["1x2048x2048", "64x2048x2048"]
quick = dict(max_time=0.02, no_limits=True) if "--quick" in sys.argv else {}
results = qgemm.bench(shapes=shapes, providers=["default"], **quick)
print(results)
print(results.advise())
best = min((row for row in results.rows if row["median_us"]), key=lambda row: row["median_us"])
print(f"fastest row: {best['provider']} at M={best['m']}: {best['median_us']:.1f} us by {best['engine']}; again with\n  {best['repro']}")
