#include "weights/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "core/nearest.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

// Files are little-endian, and what is mapped is used as it lies there.
static_assert(std::endian::native == std::endian::little, "weights are read on little-endian machines only");

/// The format's own limit.
constexpr std::uint64_t max_header_bytes = 100'000'000;
/// Of a tensor; frameworks know 64 at most.
constexpr std::size_t max_dimensions = 64;
/// Elements of a tensor, along a dimension and all together: so that no size in bits overflows 64 bits.
constexpr std::uint64_t max_elements = std::uint64_t{1} << 56U;

struct ElementType {
  std::string_view name;
  std::uint64_t bits;
};
constexpr std::array element_types = {
    ElementType{"BOOL", 8},        ElementType{"U8", 8},      ElementType{"I8", 8},   ElementType{"F8_E4M3", 8},
    ElementType{"F8_E5M2", 8},     ElementType{"F8_E8M0", 8}, ElementType{"U16", 16}, ElementType{"F8_E4M3FNUZ", 8},
    ElementType{"F8_E5M2FNUZ", 8}, ElementType{"I16", 16},    ElementType{"F16", 16}, ElementType{"BF16", 16},
    ElementType{"U32", 32},        ElementType{"I32", 32},    ElementType{"F32", 32}, ElementType{"U64", 64},
    ElementType{"I64", 64},        ElementType{"F64", 64},    ElementType{"C64", 64}, ElementType{"F4", 4},
    ElementType{"F6_E2M3", 6},     ElementType{"F6_E3M2", 6}};

/// A tensor as the header has it, before anything in it is believed.
struct RawEntry {
  std::string name;
  std::optional<std::string> dtype;
  std::optional<std::vector<std::uint64_t>> shape;
  std::optional<std::vector<std::uint64_t>> offsets;
};

/// Follows the header as it is parsed and takes nothing but what the format has, so that neither depth nor unknown
/// values of a hostile header take memory.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& where) : where_(where) {}

  std::vector<RawEntry>& entries() { return entries_; }

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("true or false"); }
  bool number_integer(number_integer_t value) override { unexpected("the negative number " + std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override;
  bool number_float(number_float_t, const string_t& text) override {
    unexpected("the number " + text.substr(0, 32) + ", not a whole one of 64 bits");
  }
  bool string(string_t& value) override;
  bool binary(binary_t&) override { unexpected("bytes"); }
  bool start_object(std::size_t) override;
  bool key(string_t& name) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    throw InvalidInput(where_ + " is no safetensors file: its header is not JSON (at byte " + std::to_string(position) +
                       " of it)");
  }

 private:
  enum class Place : std::uint8_t { start, tensors, metadata, tensor, numbers, end };

  [[noreturn]] void unexpected(const std::string& what) const {
    throw InvalidInput(where_ + " is no safetensors file: its header has " + what + place());
  }
  std::string place() const;
  RawEntry& entry() { return entries_.back(); }

  const std::string& where_;
  Place place_ = Place::start;
  std::vector<RawEntry> entries_;
  std::unordered_set<std::string> seen_;
  std::string field_;  ///< Of the tensor, or of the header where it is `__metadata__`.
  std::vector<std::uint64_t> numbers_;
};

std::string HeaderReader::place() const {
  switch (place_) {
    case Place::start:
    case Place::end: return " where its object should be";
    case Place::tensors: return " where a tensor should be";
    case Place::metadata: return " in '__metadata__', which holds text only";
    case Place::tensor:
    case Place::numbers: break;
  }
  return " in the field " + in_quotes(field_) + " of tensor " + in_quotes(entries_.back().name);
}

bool HeaderReader::number_unsigned(number_unsigned_t value) {
  if (place_ != Place::numbers) unexpected("a number");
  if (numbers_.size() == max_dimensions) unexpected("more than " + std::to_string(max_dimensions) + " numbers");
  numbers_.push_back(value);
  return true;
}

bool HeaderReader::string(string_t& value) {
  if (place_ == Place::metadata) return true;
  if (place_ != Place::tensor || field_ != "dtype") unexpected("text");
  entry().dtype = std::move(value);
  return true;
}

bool HeaderReader::start_object(std::size_t) {
  switch (place_) {
    case Place::start: place_ = Place::tensors; return true;
    case Place::tensors: place_ = field_ == "__metadata__" ? Place::metadata : Place::tensor; return true;
    default: unexpected("an object");
  }
}

bool HeaderReader::key(string_t& name) {
  if (place_ == Place::metadata) return true;
  if (place_ == Place::tensors) {
    if (!seen_.insert(name).second) unexpected("the name " + in_quotes(name) + " twice,");
    field_ = name;
    if (name != "__metadata__") entries_.push_back({std::move(name), {}, {}, {}});
    return true;
  }
  field_ = std::move(name);
  const bool again = (field_ == "dtype" && entry().dtype) || (field_ == "shape" && entry().shape) ||
                     (field_ == "data_offsets" && entry().offsets);
  if (again) unexpected("a second value");
  if (field_ != "dtype" && field_ != "shape" && field_ != "data_offsets") unexpected("what the format does not know");
  return true;
}

bool HeaderReader::end_object() {
  if (place_ == Place::tensor) {
    const RawEntry& read = entry();
    const char* missing = !read.dtype ? "dtype" : !read.shape ? "shape" : !read.offsets ? "data_offsets" : nullptr;
    if (missing != nullptr) {
      throw InvalidInput(where_ + " is no safetensors file: tensor " + in_quotes(read.name) + " has no field '" +
                         missing + "'");
    }
  }
  place_ = place_ == Place::tensors ? Place::end : Place::tensors;
  return true;
}

bool HeaderReader::start_array(std::size_t) {
  if (place_ != Place::tensor || (field_ != "shape" && field_ != "data_offsets")) unexpected("a list");
  place_ = Place::numbers;
  numbers_.clear();
  return true;
}

bool HeaderReader::end_array() {
  if (field_ == "data_offsets") {
    if (numbers_.size() != 2) unexpected(std::to_string(numbers_.size()) + " numbers in place of two");
    entry().offsets = numbers_;
  } else {
    entry().shape = numbers_;
  }
  place_ = Place::tensor;
  return true;
}

[[noreturn]] void fail(const std::string& where, const RawEntry& entry, const std::string& what) {
  throw InvalidInput(where + " is no safetensors file: tensor " + in_quotes(entry.name) + " " + what);
}

std::uint64_t bits_of(const std::string& where, const RawEntry& entry) {
  const auto* type = std::find_if(element_types.begin(), element_types.end(),
                                  [&](const ElementType& known) { return known.name == *entry.dtype; });
  if (type != element_types.end()) return type->bits;
  std::vector<std::string> known;
  for (const auto& one : element_types) known.emplace_back(one.name);
  fail(where, entry, "is of the type " + in_quotes(*entry.dtype) + ", none of " + join_or(known));
}

/// Bytes of the tensor's elements; the shape has no more than a file can hold.
std::uint64_t bytes_of(const std::string& where, const RawEntry& entry) {
  std::uint64_t elements = 1;
  for (const std::uint64_t size : *entry.shape) {
    if (size > max_elements || (size > 0 && elements > max_elements / size)) {
      fail(where, entry, "has a shape of more than 2^56 elements");
    }
    elements *= size;
  }
  const std::uint64_t bits = elements * bits_of(where, entry);
  if (bits % 8 != 0) fail(where, entry, "has a shape whose elements do not fill whole bytes");
  return bits / 8;
}

void check_range(const std::string& where, const RawEntry& entry, std::uint64_t available) {
  const std::uint64_t begin = (*entry.offsets)[0], end = (*entry.offsets)[1];
  if (begin > end) {
    fail(where, entry,
         "ends at byte " + std::to_string(end) + " of the data, before it begins at " + std::to_string(begin));
  }
  if (end > available) {
    // By far the most frequent reason: this is no damage that anybody made.
    throw InvalidInput(where + " is cut short: tensor " + in_quotes(entry.name) + " ends at byte " +
                       std::to_string(end) + " of the data, of which there are " + std::to_string(available) +
                       "; fetch the file again");
  }
  const std::uint64_t bytes = bytes_of(where, entry);
  if (end - begin != bytes) {
    fail(where, entry,
         "has " + std::to_string(end - begin) + " bytes of data, but its type and shape make " + std::to_string(bytes));
  }
}

/// No byte of the data is of two tensors or of none.
void check_cover(const std::string& where, const std::vector<RawEntry>& entries, std::uint64_t available) {
  std::vector<const RawEntry*> order;
  order.reserve(entries.size());
  for (const RawEntry& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const RawEntry* a, const RawEntry* b) { return *a->offsets < *b->offsets; });
  std::uint64_t covered = 0;
  for (const RawEntry* entry : order) {
    const std::uint64_t begin = (*entry->offsets)[0], end = (*entry->offsets)[1];
    if (begin < covered) fail(where, *entry, "overlaps another one");
    if (begin > covered) {
      fail(where, *entry, "has " + std::to_string(begin - covered) + " bytes before it that are of no tensor");
    }
    covered = end;
  }
  if (covered < available) {
    throw InvalidInput(where + " is no safetensors file: its last " + std::to_string(available - covered) +
                       " bytes are of no tensor");
  }
}

std::vector<RawEntry> parse_header(std::string_view text, const std::string& where) {
  // What the format asks for and a JSON parser does not: no blanks in front; and the parser would take a zero byte for
  // the end.
  if (text.empty() || text.front() != '{') {
    throw InvalidInput(where + " is no safetensors file: its header does not begin with '{'");
  }
  if (text.find('\0') != std::string_view::npos) {
    throw InvalidInput(where + " is no safetensors file: its header has a zero byte");
  }
  HeaderReader reader(where);
  nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  return std::move(reader.entries());
}

}  // namespace

std::vector<SafetensorsEntry> parse_safetensors(std::span<const std::byte> file, const std::string& where) {
  std::uint64_t header_bytes = 0;
  if (file.size() < sizeof header_bytes) {
    throw InvalidInput(where + " is no safetensors file: it has " + std::to_string(file.size()) + " bytes");
  }
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  const auto rest = file.subspan(sizeof header_bytes);
  if (header_bytes > max_header_bytes) {
    throw InvalidInput(where + " is no safetensors file: its header would be of " + std::to_string(header_bytes) +
                       " bytes, and the format allows " + std::to_string(max_header_bytes));
  }
  if (header_bytes > rest.size()) {
    throw InvalidInput(where + " is cut short or no safetensors file: its header would be of " +
                       std::to_string(header_bytes) + " bytes, and " + std::to_string(rest.size()) +
                       " are there; fetch the file again");
  }
  const std::string_view header(reinterpret_cast<const char*>(rest.data()), header_bytes);
  const auto data = rest.subspan(header_bytes);

  std::vector<RawEntry> raw = parse_header(header, where);
  for (const RawEntry& entry : raw) check_range(where, entry, data.size());
  check_cover(where, raw, data.size());

  std::vector<SafetensorsEntry> entries;
  entries.reserve(raw.size());
  for (RawEntry& entry : raw) {
    const std::uint64_t begin = (*entry.offsets)[0], end = (*entry.offsets)[1];
    entries.push_back({std::move(entry.name),
                       std::move(*entry.dtype),
                       {entry.shape->begin(), entry.shape->end()},
                       data.subspan(begin, end - begin)});
  }
  return entries;
}

std::string in_quotes(std::string_view name) {
  constexpr std::size_t most = 200;
  std::size_t end = std::min(most, name.size());
  // Not within a character.
  while (end > 0 && end < name.size() && (static_cast<unsigned char>(name[end]) & 0xc0U) == 0x80U) --end;
  std::string shown(name.substr(0, end));
  // A zero byte would end the message.
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7f; }, '?');
  return "'" + shown + (end < name.size() ? "…'" : "'");
}

}  // namespace qgemm
