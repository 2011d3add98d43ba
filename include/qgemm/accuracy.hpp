#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/advise.hpp"
#include "qgemm/catalog.hpp"

namespace qgemm {

/// The schema number that `to_json` of an `AccuracyReport` writes and the newest that is read.
inline constexpr int accuracy_schema = 1;

/// What `measure_accuracy` looks at: the flags of `qgemm accuracy`, whose names are in the messages.
struct AccuracyOptions {
  /// A Hugging Face folder, config.json and safetensors files; empty: `models` with random weights of N(0,1).
  std::filesystem::path weights;
  /// A safetensors file of recorded activations (`read_activations`); empty: random ones, of `data`.
  std::filesystem::path activations;
  std::vector<std::string> models{"meta-llama/Llama-3.1-8B-Instruct"};
  std::vector<std::string> layers;  ///< Names or `*` patterns; empty: all that are no expert's.
  /// `all`, numbers from 0 on, ranges `FROM:TO` with both ends; empty: all of `weights`, the first of random ones.
  std::vector<std::string> decoder_layers;
  std::int64_t tp = 1, rank = 0;
  std::int64_t tokens = 256;  ///< M; fewer where the recorded ones are fewer.
  /// Tokens behind those, of which scales that are given ahead and smoothing are made; 0: the tested tokens themselves;
  /// −1: as many as `tokens`, at least 32. See `split_tokens`.
  std::int64_t calibration_tokens = -1;
  std::int64_t channels = 64;                     ///< Output channels whose products are compared.
  std::vector<std::string> providers{"default"};  ///< As in a sweep; `default`: see `measure_accuracy`.
  std::string smooth = "auto";                    ///< SmoothQuant's α from 0 to 1; `auto`: 0.1, 0.2 … 0.9; `off`.
  std::string data = "outlier";                   ///< Of random activations: normal, outlier or zeros.
  std::uint64_t seed = 0;
};

/// The largest magnitudes of a matrix's rows or columns.
struct ValueRange {
  double absmax = 0;  ///< Of the whole matrix.
  double median = 0;  ///< Of the rows' (or columns') own largest magnitudes.
  /// How far the largest stands out: absmax ÷ median; none where that is zero.
  std::optional<double> ratio() const { return median > 0 ? std::optional(absmax / median) : std::nullopt; }
};

/// What one scheme does to one layer's product.
struct SchemeAccuracy {
  std::string provider;
  /// 10·log₁₀(Σ truth² / Σ (result − truth)²) against the float64 product of what is not quantized, over all tokens ×
  /// the sampled channels, of results rounded to bf16; infinite where nothing differs.
  double sqnr_db = 0;
  std::vector<double> by_alpha;  ///< The same smoothed, for each of the report's `alphas`; empty: not smoothed.
  std::optional<double> alpha;   ///< The best of them, the smallest of equals.
  std::optional<double> smoothed_db;
};

/// One layer of one decoder layer.
struct LayerAccuracy {
  std::string model, layer;
  std::int64_t decoder_layer = 0, tp = 1, rank = 0;
  std::int64_t tokens = 0, n = 0, k = 0, channels = 0;
  std::int64_t calibration_tokens = 0;  ///< Other tokens than those; 0: calibrated on those.
  std::string weights;                  ///< Their type as stored: `bf16`, `f16`, `f32`, `s8`, `e4m3`; `random`.
  ValueRange weight;                    ///< Over output channels, rows of W[N,K].
  ValueRange activation;                ///< Over input features, columns of A[M,K].
  ValueRange token;                     ///< Over tokens, rows of A[M,K].
  double massive_pct = 0;               ///< Tokens of which a single value makes more than half of the sum of squares.
  std::string fold;                     ///< What smoothing can be folded into for free: see `smoothing_fold`.
  std::string message;  ///< Why there is no smoothing, in a sentence; empty where there is or none was wanted.
  std::vector<SchemeAccuracy> schemes;  ///< In the order of the report's providers.
};

/// What quantization costs in accuracy, layer by layer.
struct AccuracyReport {
  std::string date;  ///< ISO 8601 with zone; as `command` the caller's to fill in.
  std::string command, qgemm_version, git_revision;
  std::string weights, activations;  ///< Folder and file, or `random N(0,1)` and `random, outlier`.
  std::uint64_t seed = 0;
  std::vector<double> alphas;  ///< Tried of SmoothQuant's; empty: off.
  std::vector<std::string> providers;
  std::vector<std::string> notes;  ///< What was left out, and why.
  std::int64_t planned = 0;        ///< Layers asked for; more than `layers` has where it was stopped.
  std::vector<LayerAccuracy> layers;
};

/// A layer of a report, found again: "down of decoder layer 31".
struct LayerPlace {
  std::string layer;
  std::int64_t decoder_layer = 0;
};

/// One provider over all layers of a model: the summary's row.
struct ProviderAccuracy {
  std::string model;
  std::int64_t tp = 1;
  std::string provider;
  double worst_db = 0, median_db = 0;
  LayerPlace worst;
  std::optional<double> smoothed_worst_db, smoothed_median_db;  ///< With the best α of each layer, where smoothed.
  LayerPlace smoothed_worst;
  std::optional<double> alpha_low, alpha_high;  ///< The range of the layers' best α.
};

/// Told what happens while a report is made; every call comes from the thread that called `measure_accuracy`.
class AccuracyObserver {
 public:
  virtual ~AccuracyObserver() = default;
  /// A layer is done: so many of all, and the estimated seconds left.
  virtual void progress(const LayerAccuracy& /*layer*/, std::int64_t /*done*/, std::int64_t /*layers*/,
                        double /*seconds_left*/) {}
};

/// Which of the tokens there are is tested, and on how many of those behind calibration is made.
struct TokenSplit {
  std::int64_t tested = 0, calibration = 0;  ///< 0 of these: calibrated on the tested ones.
};

/// Of `available` tokens (≥ 1): as many as `options` ask for where there are enough. Where there are not, and nothing
/// is said of `calibration_tokens`, half are tested and half calibrated on, and below 64 tokens all are both: scales of
/// a few tokens say more of these than of the model. Throws `InvalidInput` where as many as are named leave none to
/// test.
TokenSplit split_tokens(const AccuracyOptions& options, std::int64_t available);

/// Quantizes each layer's weights and activations by each provider and compares the products with the float64 product
/// of the operands as they were. Scales come from whole matrices, those that are given ahead (`tensor-a`) and
/// SmoothQuant's factors from tokens that are not tested (`split_tokens`). `default` is all quantized providers but for
/// `dyntensor-a`, whose scale no engine knows ahead of its tokens, and `-noquant`, whose result is the same. Weights
/// that a checkpoint has quantized are multiplied as they are stored by the providers that they fit, and dequantized
/// for the others; they are the truth, too. One layer is in memory at a time. Ends early, with what it has, once `stop`
/// is set. Throws `InvalidInput` naming the flag, model, layer or tensor that is wrong, before anything is computed
/// where it can be known; `OutOfMemory`.
AccuracyReport measure_accuracy(const AccuracyOptions& options, AccuracyObserver* observer = nullptr,
                                const std::atomic<bool>* stop = nullptr);

/// G. Xiao et al., "SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language Models", ICML
/// 2023, eq. 4: s[j] = max|A[:,j]|^α / max|W[:,j]|^(1−α) of each input feature j, from these maxima. A[:,j] ÷ s[j] and
/// W[:,j] · s[j] have the same product. 1 where a maximum is zero or s would be none of a float32. Throws
/// `InvalidInput` for ranges of different lengths and an α outside 0 … 1.
std::vector<float> smoothing_factors(std::span<const float> activation_absmax, std::span<const float> weight_absmax,
                                     double alpha);

/// What of the model can have 1/s folded into it, so that smoothing the input of `layer` costs nothing at run time:
/// `norm` (the weight of the norm before qkv, gate_up or up, or of a latent vector's), `one norm` (the same where one
/// norm feeds several layers, which then have to take the same factors), `up` (the rows of up, before down of a gated
/// layer: down's input is act(gate) · up, linear in up), `v` (the rows of v, before o: its input is made of sums of
/// rows of v, where each head has its own). Empty where nothing can: o whose heads share a head of values, down behind
/// an activation alone, experts (they have one input and a router). docs/accuracy.md has the proof and its limits.
std::string smoothing_fold(const Model& model, const Layer& layer);

/// One row a model × TP × provider, in order of appearance.
std::vector<ProviderAccuracy> summarize(const AccuracyReport& report);

/// {"report": "accuracy", "schema": 1, …, "layers": [{…}, …], "summary": [{…}, …]}, a layer a line.
std::string to_json(const AccuracyReport& report);
/// True where the text says that it is one, whatever is wrong with it.
bool holds_accuracy(std::string_view json);
/// The inverse of `to_json`. `source` names the text in messages. Throws `InvalidInput` for anything else.
AccuracyReport parse_accuracy(std::string_view json, const std::string& source);
/// The report of a file; nothing where it holds something else (or is a folder). Throws `InvalidInput`.
std::optional<AccuracyReport> load_accuracy(const std::filesystem::path& path);
/// One line a layer × provider under one heading, RFC 4180.
std::string to_csv(const AccuracyReport& report);

/// Tables of ranges and SQNR, and the summary. ANSI colours with `colour`.
std::string render_accuracy(const AccuracyReport& report, bool colour = false);
std::string render_accuracy_markdown(const AccuracyReport& report);

/// What a report recommends: what each scheme loses, whose outliers are to blame, what finer scales, zero points and
/// smoothing buy. Kinds: `accuracy`, `scheme`, `outliers`, `smoothing`, `note`.
std::vector<Advice> advise(const AccuracyReport& report);
std::string render_advice(const std::vector<Advice>& advice, const AccuracyReport& report);
std::string advice_to_json(const std::vector<Advice>& advice, const AccuracyReport& report);

}  // namespace qgemm
