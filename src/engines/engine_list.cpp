#include "engines/engine_list.hpp"

#include <memory>

#include "engines/avx512/avx512_engine.hpp"
#include "engines/reference/reference_engine.hpp"
#ifdef QGEMM_HAVE_ONEDNN
#include "engines/onednn/onednn_engine.hpp"
#endif

namespace qgemm {

std::vector<std::unique_ptr<HostEngine>> make_engines() {
  std::vector<std::unique_ptr<HostEngine>> engines;
  engines.push_back(avx512::make_engine());
#ifdef QGEMM_HAVE_ONEDNN
  engines.push_back(onednn::make_engine());
#endif
  engines.push_back(reference::make_engine());
  return engines;
}

}  // namespace qgemm
