#pragma once
#include <string>

namespace qgemm {

/// Compares with tests/golden/NAME; with QGEMM_UPDATE_GOLDEN=1 in the environment writes it there instead.
void expect_golden(const std::string& name, const std::string& text);

}  // namespace qgemm
