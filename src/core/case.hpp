#pragma once
#include <cstdint>
#include <string>

#include "qgemm/result.hpp"
#include "qgemm/scheme.hpp"
#include "qgemm/shape.hpp"

namespace qgemm {

/// The numeric part of a case: all that an engine needs to know to say whether it can run it.
struct GemmSpec {
  Shape shape;
  Scheme scheme;
  bool bias = false;  ///< One value an output channel, of the output type, added in float32 before the last rounding.
};

/// Bytes one call has to move with each operand moved once: activations as they come in, packed-size weights, D,
/// scales.
std::int64_t moved_bytes(const GemmSpec& spec);

/// What the tensor cores have to do for each byte that has to be moved: 2·M·N·K ÷ `moved_bytes`.
double operations_per_byte(const GemmSpec& spec);

/// One thing to measure: shape × scheme × engine × cache state, with the names it is reported under.
struct Case {
  std::string model, layer;
  std::int64_t tp = 1;
  std::string provider;
  GemmSpec spec;
  std::string engine;  ///< A name, or "auto": the first engine of the list that supports the spec.
  CacheState cache = CacheState::cold;
  std::int64_t batch = 0;  ///< The batch size that the shape's M is of: another for an expert's layer; 0: M itself.
};

/// A row that repeats the case's names, before anything is measured.
Result row_of(const Case& c);

}  // namespace qgemm
