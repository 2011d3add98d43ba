#include "qgemm/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "core/nearest.hpp"
#include "qgemm/error.hpp"
#include "weights/mapped_file.hpp"
#include "weights/safetensors.hpp"
#include "weights/shards.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

std::optional<DType> type_of(std::string_view dtype) {
  constexpr std::array<std::pair<std::string_view, DType>, 5> known{
      {{"BF16", DType::bf16}, {"F16", DType::f16}, {"F32", DType::f32}, {"I8", DType::s8}, {"F8_E4M3", DType::e4m3}}};
  for (const auto& [name, type] : known) {
    if (name == dtype) return type;
  }
  return std::nullopt;
}

}  // namespace

struct Checkpoint::Contents {
  struct Place {
    std::span<const std::byte> data;
    std::size_t file;
  };

  void open(std::size_t file, const fs::path& name, std::vector<std::pair<StoredTensor, Place>>& all);

  fs::path path;
  std::vector<MappedFile> files;
  std::vector<StoredTensor> tensors;  ///< Sorted by name.
  std::vector<Place> places;          ///< One a tensor.
};

void Checkpoint::Contents::open(std::size_t file, const fs::path& name,
                                std::vector<std::pair<StoredTensor, Place>>& all) {
  files.emplace_back(name);
  for (SafetensorsEntry& entry : parse_safetensors(files.back().bytes(), name.string())) {
    StoredTensor tensor{std::move(entry.name), std::move(entry.dtype), {}, std::move(entry.shape), entry.data.size()};
    tensor.type = type_of(tensor.dtype);
    all.emplace_back(std::move(tensor), Place{entry.data, file});
  }
}

Checkpoint::Checkpoint(const fs::path& path) {
  const Shards shards = find_shards(path);
  auto contents = std::make_shared<Contents>();
  contents->path = path;
  std::vector<std::pair<StoredTensor, Contents::Place>> all;
  for (std::size_t i = 0; i < shards.files.size(); ++i) contents->open(i, shards.files[i], all);

  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first.name < b.first.name; });
  const auto twice = std::adjacent_find(all.begin(), all.end(),
                                        [](const auto& a, const auto& b) { return a.first.name == b.first.name; });
  if (twice != all.end()) {
    throw InvalidInput("tensor " + in_quotes(twice->first.name) + " is in " +
                       shards.files[twice->second.file].string() + " and in " +
                       shards.files[std::next(twice)->second.file].string() +
                       "; a checkpoint's files must not share a tensor, so give the one that is meant");
  }
  contents->tensors.reserve(all.size());
  contents->places.reserve(all.size());
  for (auto& [tensor, place] : all) {
    contents->tensors.push_back(std::move(tensor));
    contents->places.push_back(place);
  }
  contents_ = std::move(contents);

  for (std::size_t i = 0; i < shards.promised.size(); ++i) {
    for (const std::string& name : shards.promised[i]) {
      const StoredTensor* found = find(name);
      const bool there =
          found != nullptr && contents_->places[static_cast<std::size_t>(found - contents_->tensors.data())].file == i;
      if (!there) {
        throw InvalidInput(shards.files[i].string() + " lacks tensor " + in_quotes(name) +
                           ", which the index says it has; fetch the file and the index again");
      }
    }
  }
}

const std::vector<StoredTensor>& Checkpoint::tensors() const { return contents_->tensors; }

const fs::path& Checkpoint::path() const { return contents_->path; }

const StoredTensor* Checkpoint::find(std::string_view name) const {
  const auto& tensors = contents_->tensors;
  const auto found =
      std::lower_bound(tensors.begin(), tensors.end(), name,
                       [](const StoredTensor& tensor, std::string_view key) { return tensor.name < key; });
  return found != tensors.end() && found->name == name ? &*found : nullptr;
}

const StoredTensor& Checkpoint::at(std::string_view name) const {
  if (const StoredTensor* found = find(name)) return *found;
  std::vector<std::string> names;
  for (const StoredTensor& tensor : contents_->tensors) names.push_back(tensor.name);
  std::vector<std::string> close = nearest(name, names);
  for (std::string& one : close) one = in_quotes(one);
  throw InvalidInput(contents_->path.string() + " has no tensor " + in_quotes(name) + "; " +
                     (close.empty() ? std::string("it has none at all") : "the nearest are " + join_or(close)));
}

std::span<const std::byte> Checkpoint::data(std::string_view name) const {
  const StoredTensor& tensor = at(name);
  if (!tensor.type) {
    throw InvalidInput(contents_->path.string() + ": tensor " + in_quotes(name) + " is of the type " + tensor.dtype +
                       "; qgemm reads BF16, F16, F32, I8 and F8_E4M3");
  }
  return contents_->places[static_cast<std::size_t>(&tensor - contents_->tensors.data())].data;
}

}  // namespace qgemm
