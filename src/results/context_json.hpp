#pragma once
#include "results/json_value.hpp"

namespace qgemm {

/// `context` of the files. The device's properties lie flat beside its `kind` and `name`, in order.
Json write_context(const Context& context);

/// The inverse. What is missing stays at its default, what is unknown is ignored. Throws `InvalidInput` naming the
/// field ("device.kind must be …").
Context read_context(const Json& json);

}  // namespace qgemm
