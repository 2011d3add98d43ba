#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "qgemm/external.hpp"

namespace qgemm {

/// Somebody else's products behind the contract of our own: opaque (see `PreparedGemm::opaque`). `threads`: the sweep's
/// team, pinned by now. Throws `InvalidInput` for a name that rows cannot have.
std::unique_ptr<HostEngine> make_external(std::shared_ptr<const ExternalEngine> external, int threads);

/// Throws the `InvalidInput` of `make_external`.
void check_external_name(const std::string& name);

/// Whether the external of that name, with rows for `providers`, has the product, on a CPU as on a GPU.
Support external_supports(const std::string& name, const std::vector<std::string>& providers, const GemmSpec& spec);

/// Throws `InvalidInput` where `d`, which the external of that name gave, is not D[M,N] of the spec: dense, of its
/// output type. What is not would be read past its end.
void check_external_output(const std::string& name, const GemmSpec& spec, const ConstMatrixView& d);
void check_external_output(const std::string& name, const GemmSpec& spec, const ConstDeviceMatrixView& d);

}  // namespace qgemm
