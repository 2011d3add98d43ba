#pragma once
#include <string>
#include <string_view>

namespace qgemm {

/// Names become columns, file and folder names, so they are words of letters, digits, '_', '-' and '.', not starting
/// with a '.'. A model's is one word, or two with a '/' between; at most 200 characters.
bool is_layer_name(std::string_view text);
bool is_model_name(std::string_view text);

/// A model name made from any text: other characters become '-'; "model" where nothing is left.
std::string to_model_name(std::string_view text);

}  // namespace qgemm
