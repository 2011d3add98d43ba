#pragma once
#include "history/sqlite.hpp"

namespace qgemm {

/// Makes the store's tables in an empty database and brings an older store up to `history_schema`, whole or not at all,
/// however many processes try at once. Throws `InvalidInput` for a database of something else and for a later schema,
/// `Unavailable` for an older store that cannot be written.
void settle_schema(const Database& database);

}  // namespace qgemm
