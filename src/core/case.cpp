#include "core/case.hpp"

namespace qgemm {

Result row_of(const Case& c) {
  Result row;
  row.model = c.model;
  row.layer = c.layer;
  row.tp = c.tp;
  row.shape = c.spec.shape;
  row.provider = c.provider;
  row.engine = c.engine;
  row.cache = c.cache;
  return row;
}

}  // namespace qgemm
