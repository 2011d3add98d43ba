#pragma once
#include <memory>
#include <string>

#include "engine/engine.hpp"
#include "qgemm/external.hpp"

namespace qgemm {

/// Somebody else's products behind the contract of our own: opaque (see `PreparedGemm::opaque`). `threads`: the sweep's
/// team, pinned by now. Throws `InvalidInput` for a name that rows cannot have.
std::unique_ptr<HostEngine> make_external(std::shared_ptr<const ExternalEngine> external, int threads);

/// Throws the `InvalidInput` of `make_external`.
void check_external_name(const std::string& name);

}  // namespace qgemm
