#include "catalog/model_name.hpp"

#include <algorithm>

namespace qgemm {
namespace {

bool is_harmless(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

}  // namespace

bool is_layer_name(std::string_view text) {
  return !text.empty() && text.size() <= 200 && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), is_harmless);
}

bool is_model_name(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_layer_name(text);
  return text.size() <= 200 && is_layer_name(text.substr(0, slash)) && is_layer_name(text.substr(slash + 1));
}

std::string to_model_name(std::string_view text) {
  std::string name(text.substr(0, 200));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_harmless(c); }, '-');
  name.erase(0, name.find_first_not_of(".-"));
  return name.empty() ? "model" : name;
}

}  // namespace qgemm
