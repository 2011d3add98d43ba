#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "catalog/json_file.hpp"

namespace qgemm {

/// A model's `config.json`. Fields that it may leave out are those whose default follows from other fields. Where the
/// default is a size of one certain model, a config without the field says nothing that could be trusted, unless the
/// published configs of that family leave it out themselves.
class Config {
 public:
  explicit Config(const JsonFields& fields) : fields_(fields) {}

  bool has(std::string_view field) const { return fields_.has(field); }
  std::int64_t size(std::string_view field) const { return fields_.dimension(field); }
  std::int64_t size_or(std::string_view field, std::int64_t otherwise) const {
    return has(field) ? fields_.dimension(field) : otherwise;
  }
  /// Of two names that a field has had, the later one first.
  std::int64_t size_of(std::string_view field, std::string_view earlier) const {
    return fields_.dimension(!has(field) && has(earlier) ? earlier : field);
  }
  std::int64_t hidden() const { return size_of("hidden_size", "n_embd"); }
  /// A number that may be 0.
  std::int64_t count_or(std::string_view field, std::int64_t otherwise) const {
    return has(field) ? fields_.integer(field) : otherwise;
  }
  bool flag_or(std::string_view field, bool otherwise) const { return has(field) ? fields_.flag(field) : otherwise; }
  std::int64_t product(std::string_view field, std::int64_t a, std::int64_t b) const {
    if (a > max_dimension / b) fail(field, "makes a layer with more than 2^31 rows or columns");
    return a * b;
  }
  [[noreturn]] void fail(std::string_view field, const std::string& what) const { fields_.fail(field, what); }
  const JsonFields& fields() const { return fields_; }

 private:
  const JsonFields& fields_;
};

}  // namespace qgemm
