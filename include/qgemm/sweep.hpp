#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "qgemm/dtype.hpp"
#include "qgemm/external.hpp"
#include "qgemm/result.hpp"
#include "qgemm/shape.hpp"

namespace qgemm {

/// What to measure, by the names of the command line's flags; each default is the one `qgemm bench` has.
struct SweepOptions {
  std::vector<std::string> models{"meta-llama/Llama-3.1-8B-Instruct"};  ///< See `select_models`; unused with `shapes`.
  std::vector<std::int64_t> tp_sizes{1};
  /// In place of `models` a model with its weights: a folder with config.json and safetensors files, one of these files
  /// with config.json beside it, or an index of them (see `Checkpoint`). Empty: random weights.
  std::string weights;
  std::int64_t decoder_layer = -1;  ///< Of `weights`: from 0 on; −1: the middle one, `decoder_layers / 2`.
  std::int64_t rank = 0;            ///< Of `weights`: which of the TP devices' shares is measured.
  std::string activations;          ///< Of `weights`: a safetensors file with their inputs, see `read_activations`.
  std::vector<std::string> layers;  ///< Only layers of these names (`*` patterns); empty: all.
  std::vector<std::int64_t>
      batch_sizes;       ///< Empty: 1, 16, 64, … (up to 1024 on a CPU, 16384 on a GPU); with `quick` a short list.
  bool lm_head = false;  ///< The logits' product of each model, too; of models from a config.json that tells it.
  /// In place of `batch_sizes`: FROM:TO or FROM:TO:STEP, each M from FROM to TO, to see what one more row costs.
  std::string scan_m;
  std::vector<Shape> shapes;                      ///< Bare shapes in place of models.
  std::vector<std::string> providers{"default"};  ///< Names, `*` patterns, `default`, `all`.
  std::vector<std::string> engines{"auto"};       ///< `auto`: the best for each provider; or names, or `all`.
  /// Names of `SweepRun::externals`, each measured beside `engines`, which may name it, too, to have
  /// no other.
  std::vector<std::string> external;
  /// Of the engine `cutlass` only this kernel, as rows name it: "sm90_wgmma_s8_128x128_1x1_b2_pingpong along m swizzle
  /// 8". Empty: its own choice for each shape.
  std::string kernel;
  std::string device = "auto";    ///< auto, cpu, cuda, cuda:N.
  int threads = 0;                ///< 0: one a physical core the process may use.
  std::vector<CacheState> cache;  ///< Empty: cold on a CPU, hot on a GPU.
  std::string scales = "absmax";  ///< absmax, or the reference's constant 1.0 for per-tensor scales.
  /// normal, outlier or zeros; empty: what `data_of` says.
  std::string data;
  DType output = DType::bf16;  ///< Of every provider but f32: bf16, f16 or f32.
  bool bias = false;           ///< Adds one value an output channel.
  bool quick = false;
  bool no_limits = false;  ///< Does not measure the device's peaks: no row has its share of the limit then.

  double max_time = 0;  ///< Seconds of samples a row at most, beyond its first `min_samples`; 0: the device's
                        ///< own default (0.6 on a CPU, 0.025 on a GPU).
  /// Cold operands rotate over more than so many times the last-level cache; 0: what the device needs (2 on a GPU; 4 on
  /// a CPU, where a virtual machine may not tell that its cores lie on several dies, each with a cache of its own).
  double cold_factor = 0;
  double max_noise = 1.0;  ///< Percent: a row ends once its median's 95 % confidence interval is within ± this.
  int min_samples = 5;
  /// `interleaved`: samples of all providers of a point in turn, until their medians are known. `reference`: as the
  /// reference's timer does, one provider after the other, 10 replays of a 20 ms CUDA graph (GPU only).
  std::string timer = "interleaved";
  double max_memory = 0;  ///< GiB the sweep may use; 0: what the device has free.
  std::uint64_t seed = 0;
};

/// Throws `InvalidInput` naming the option that is out of range and its bounds.
void check(const SweepOptions& options);

/// What random operands are drawn from: `data`, else outlier where weights are a checkpoint's, and normal.
std::string data_of(const SweepOptions& options);

/// The batch sizes of a `scan_m`, ascending: FROM, FROM + STEP, … up to TO. Throws `InvalidInput` for what is no
/// FROM:TO[:STEP] of whole numbers from 1 with FROM ≤ TO, and for more than 4096 sizes.
std::vector<std::int64_t> parse_scan(const std::string& text);

/// The options by their flags' names, as `results.json` holds them.
Properties to_properties(const SweepOptions& options);

/// What a sweep would do, before it is done.
struct SweepPlan {
  struct Point {
    std::string model, layer;
    std::int64_t tp = 1;
    Shape shape;
    CacheState cache = CacheState::cold;
    std::vector<std::string> providers;  ///< With the engine behind a slash: "int8-tensor-w-tensor-a/onednn".
    std::int64_t memory_bytes = 0;       ///< Upper estimate, all its providers at once.
    double seconds = 0;                  ///< Estimate.
  };
  std::vector<Point> points;
  std::string device;  ///< Its name.
  std::string note;    ///< A sentence for the user about the choice of the device, or nothing.
  std::int64_t rows = 0;
  std::int64_t largest_memory_bytes = 0, available_memory_bytes = 0;
  double seconds = 0;
};

/// The sweep's points with estimates of memory and time; measures only what an estimate needs (nothing, so far).
/// `externals`: as `SweepRun::externals`. Throws as `run_sweep` does before it measures.
SweepPlan plan_sweep(const SweepOptions& options,
                     const std::vector<std::shared_ptr<const ExternalEngine>>& externals = {});

/// Told what happens while a sweep runs; every call comes from the thread that called `run_sweep`.
class SweepObserver {
 public:
  virtual ~SweepObserver() = default;
  /// Once, before the first row: the context all rows share. Its limits are those that are kept or were measured first;
  /// a GPU's that are not kept are measured after the last row, and in what `run_sweep` returns alone.
  virtual void started(const Context& /*context*/, std::int64_t /*rows*/) {}
  /// A row was measured. On a GPU one may come again later, better known: the last one counts. An exception thrown here
  /// ends the sweep and comes out of `run_sweep`.
  virtual void finished(const Result& /*row*/) {}
  /// Rows that are final, of all, and the estimated seconds left. Called at least once a row.
  virtual void progress(std::int64_t /*done*/, std::int64_t /*rows*/, double /*seconds_left*/) {}
};

/// How a sweep is told about its surroundings.
struct SweepRun {
  SweepObserver* observer = nullptr;
  const std::atomic<bool>* stop = nullptr;  ///< Set it (from a signal handler, say) to end after the running sample.
  std::vector<Result> done;                 ///< Rows of an earlier run of the same sweep: not measured again.
  const Context* context = nullptr;         ///< Of that run: its limits are used again, so that all rows compare.
  std::string command;                      ///< What the context says started the run.
  /// Where the device's limits are kept for later runs; they are measured again where they are a week old, or another
  /// program's, or the device is not quite the same, or a row was faster than they allow. Empty: measured by each run.
  std::filesystem::path limits_folder;
  bool fresh_limits = false;  ///< Measures them in any case.
  /// What the names of `SweepOptions::external` stand for.
  std::vector<std::shared_ptr<const ExternalEngine>> externals;
};

/// Measures a sweep: every case of every point, interleaved, each result checked. Rows come back in plan order, those
/// of `done` among them; a sweep that was stopped has `skipped` rows for what is missing. A case that cannot run, does
/// not fit into memory or gives wrong results is a row that says so. Throws `InvalidInput` for bad options, models,
/// shapes, splits or externals; `Unavailable` where the device cannot be used. The
/// calling thread's CPUs are afterwards what they were.
ResultSet run_sweep(const SweepOptions& options, const SweepRun& run = {});

}  // namespace qgemm
