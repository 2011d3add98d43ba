#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace qgemm {

/// A JSON object of a file, or a part of one, with the words to complain about it: all readers throw `InvalidInput`
/// naming the file and the field. A field that is null counts as missing.
class JsonFields {
 public:
  /// `where` names it in messages: "models/x.json" or "models/x.json, layers[2]".
  JsonFields(const nlohmann::json& object, std::string where);

  bool has(std::string_view field) const;
  std::string text(std::string_view field) const;        ///< Not empty.
  std::int64_t dimension(std::string_view field) const;  ///< 1 … 2³¹.
  std::int64_t integer(std::string_view field) const;    ///< Any that fits 64 bits.
  bool flag(std::string_view field) const;
  const nlohmann::json& list(std::string_view field) const;  ///< A list with at least one element.
  std::size_t length(std::string_view field) const;          ///< Of a list, which may be empty.
  JsonFields object(std::string_view field) const;
  [[noreturn]] void fail(std::string_view field, const std::string& what) const;
  const std::string& where() const { return where_; }

 private:
  const nlohmann::json& at(std::string_view field) const;
  const nlohmann::json& object_;
  std::string where_;
};

/// The largest N or K a layer may have: past it sizes in bytes would leave what a GEMM library counts with.
inline constexpr std::int64_t max_dimension = std::int64_t{1} << 31U;

/// Parses a whole file. Throws `InvalidInput` naming the file where it cannot be read, is no JSON or is far too long.
nlohmann::json read_json_file(const std::filesystem::path& path);

}  // namespace qgemm
