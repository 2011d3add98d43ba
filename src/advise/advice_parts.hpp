#pragma once
#include <cmath>
#include <string>
#include <vector>

#include "advise/point_times.hpp"
#include "qgemm/advise.hpp"

namespace qgemm {

/// Below it the error of a product is more than a tenth of the product: 20·log₁₀(10) dB.
inline constexpr double poor_db = 20;
/// The noise against the product's own size: 10^(−SQNR/20).
inline double error_pct(double sqnr_db) { return 100 * std::pow(10, -sqnr_db / 20); }

/// An `Advice` on these times, to be filled in.
Advice advice_on(const char* kind, const PointTimes& times, const std::string& layer = "",
                 const std::string& provider = "");

/// The scopes that are spoken of: all layers together (""), where they make a whole; else each layer.
std::vector<std::string> scopes_of(const PointTimes& times);
/// "All layers" or "Layer qkv". Printable.
std::string scope_text(const std::string& layer);
/// Three digits that mean something, and no exponents: "0.66", "5.82", "48.7", "2910".
std::string figure(double value);
/// "7.26 µs", "12.3 ms".
std::string duration(double us);
/// True for a provider that runs in production as it is: not one whose quantization is left out of the time.
bool is_complete(const std::string& provider);

/// Each of these appends what the times say.
void add_scheme_advice(std::vector<Advice>& out, const PointTimes& times);
void add_quantization_advice(std::vector<Advice>& out, const PointTimes& times);
void add_cliff_advice(std::vector<Advice>& out, const PointTimes& times);
/// True where so many sizes were measured that single steps between neighbours are of interest, as a whole.
bool is_scan(const std::vector<std::int64_t>& sizes);
/// Of a scan: one `cliff` for all steps of a provider at a layer, the largest first, also where none is a cliff.
void add_scan_advice(std::vector<Advice>& out, const PointTimes& times, const std::string& layer,
                     const std::string& provider);
void add_padding_advice(std::vector<Advice>& out, const PointTimes& times);
/// Of a model's layers those that a block has once each (see `in_each_block`).
std::int64_t layers_of_a_block(const Model& model);
/// With how many decoder layers; nothing where the results lack one of the model's layers.
void add_model_advice(std::vector<Advice>& out, const PointTimes& times, const Model& model);
/// Of all TP sizes of one model.
void add_tensor_parallel_advice(std::vector<Advice>& out, const std::vector<const PointTimes*>& by_tp);
void add_accuracy_advice(std::vector<Advice>& out, const PointTimes& times, const ResultSet& results);

}  // namespace qgemm
