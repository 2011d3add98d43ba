// A tuning table, loaded and saved.
#include "fuzz_target.hpp"
#include "tuning/tuning_table.hpp"

namespace qgemm::fuzz {

void run(std::string_view input) {
  static const MemoryFile file, saved;
  file.put(input);
  const std::string gpu = "NVIDIA H100 80GB HBM3";
  const auto table = TuningTable::load(file.path(), gpu, "input");
  saved.put("");
  table.save(saved.path());
  expect(TuningTable::load(saved.path(), gpu, "saved").size() == table.size(), "what is saved loads again");
}

}  // namespace qgemm::fuzz
