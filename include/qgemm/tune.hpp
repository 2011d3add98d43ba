#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "qgemm/dtype.hpp"
#include "qgemm/result.hpp"
#include "qgemm/shape.hpp"

namespace qgemm {

/// What to tune a GPU for, by the names of the command line's flags; each default is the one `qgemm tune` has.
struct TuneOptions {
  std::vector<std::string> models{"meta-llama/Llama-3.1-8B-Instruct"};  ///< See `select_models`; unused with `shapes`.
  std::vector<std::int64_t> tp_sizes{1};
  std::vector<std::string> layers;        ///< Only layers of these names (`*` patterns); empty: all.
  std::vector<std::int64_t> batch_sizes;  ///< Empty: 1, 16, 64, … 16384, as a sweep on a GPU.
  std::vector<Shape> shapes;              ///< Bare shapes in place of models.
  std::vector<std::string> types;         ///< int8, fp8; empty: those that the GPU has kernels for.
  std::string device = "auto";            ///< auto (the first GPU that works), cuda, cuda:N.
  std::filesystem::path out;              ///< The table's file; empty: this user's, which `run_sweep` reads.
  bool again = false;                     ///< Measures what the file has already, too.
};

/// What was chosen for a product in one cache state. The times are those that chose: compare them with each other, not
/// with a sweep's.
struct TunedKernel {
  std::string kernel;  ///< The fastest, with its order of tiles, as rows name it; empty where nothing was chosen.
  double us = 0;       ///< Microseconds of one call of it.
  std::optional<double> before_us;  ///< Of what the tables named until now, measured beside it; empty where none did.
};

/// A product that was tuned, for each cache state by itself: what is the fastest hot is often not what is cold.
struct TunedShape {
  DType input = DType::s8;  ///< s8 or e4m3.
  Shape shape;
  TunedKernel hot, cold;
  std::int64_t tried = 0;  ///< Kernels and orders of tiles that were measured, each hot and cold.
  std::string message;     ///< Why nothing was chosen: no kernel takes the shape, it does not fit into memory.

  const TunedKernel& of(CacheState cache) const { return cache == CacheState::hot ? hot : cold; }
};

/// What tuning came to.
struct TuneSummary {
  std::string gpu;                 ///< Its name.
  std::filesystem::path file;      ///< The table's; not there where no shape was ever tuned.
  std::vector<TunedShape> shapes;  ///< Those that were measured, in the plan's order.
  std::int64_t skipped = 0;        ///< That the file had already.
  std::int64_t left = 0;           ///< That `stop` left out.
};

/// Told what happens while a GPU is tuned; every call comes from the thread that called `tune`.
class TuneObserver {
 public:
  virtual ~TuneObserver() = default;
  /// Once, before anything is measured: how many products will be, and how many the file has already.
  virtual void started(const TuneSummary& /*so_far*/, std::int64_t /*to_measure*/) {}
  /// A product was measured and its choice saved; `done` of `to_measure` are now.
  virtual void finished(const TunedShape& /*shape*/, std::int64_t /*done*/, std::int64_t /*to_measure*/) {}
};

/// Throws `InvalidInput` naming the option that is out of range and its bounds.
void check(const TuneOptions& options);

/// Measures every kernel of this build, hot and cold, for each different product (type, M, N, K) of the options, and
/// saves the fastest of each cache state in the table's file, product by product, so that one that was stopped has lost
/// nothing. What the file holds of other products stays. Ends before the next product once `stop` is set. Throws
/// `InvalidInput` for bad options, models, shapes or splits and for a file that is no table of this GPU; `Unavailable`
/// where this build or machine has no GPU to tune, no kernels of a type asked for, or the file cannot be written.
TuneSummary tune(const TuneOptions& options, TuneObserver* observer = nullptr, const std::atomic<bool>* stop = nullptr);

}  // namespace qgemm
