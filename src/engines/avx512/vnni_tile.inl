// The tile of any instruction set that has VPDPBUSD, over its vector type `V`; included by one file an instruction set,
// each of which defines a `Vector` in an unnamed namespace. No function of a library header may be called here: see
// TileWork.
//
// A row's activations are broadcast four at a time, a lane of a vector is an output channel. gcc 12 keeps the sums in
// registers only where every index is known when it compiles: the loops over them are unrolled in full.

#define QGEMM_INLINE inline __attribute__((always_inline))

/// Results of the sums of `Rows` rows, as `As` rounds and stores them.
template <class V, class As, int Rows>
QGEMM_INLINE void finish_as(const TileResult& result, const typename V::I* sum) {
  typename V::F scale_w[V::vectors], bias[V::vectors];
#pragma GCC unroll 8
  for (int j = 0; j < V::vectors; ++j) {
    scale_w[j] = V::load(result.scale_w + j * V::lanes);
    if (result.bias != nullptr) bias[j] = V::load(result.bias + j * V::lanes);
  }
  auto* d = static_cast<std::byte*>(result.d);
#pragma GCC unroll 8
  for (int row = 0; row < Rows; ++row, d += result.stride) {
    const typename V::F scale_a = V::set(result.scale_a[row * result.scale_a_step]);
#pragma GCC unroll 8
    for (int j = 0; j < V::vectors; ++j) {
      typename V::I exact = sum[row * V::vectors + j];
      if (result.azp != nullptr) {
        const typename V::I zero_point = V::set(result.azp[row * result.azp_step]);
        exact = V::subtract_product(exact, zero_point, V::load_any(result.colsum + j * V::lanes));
      }
      typename V::F value = V::mul(scale_a, V::mul(scale_w[j], V::to_float(exact)));
      if (result.bias != nullptr) value = V::add(value, bias[j]);
      const int left = result.channels - j * V::lanes;
      if (left >= V::lanes) {
        As::store(d + j * V::lanes * As::size, value);
      } else if (left > 0) {
        As::store_some(d + j * V::lanes * As::size, value, left);
      }
    }
  }
}

template <class V, int Rows>
QGEMM_INLINE void finish(const TileResult& result, const typename V::I* sum) {
  switch (result.type) {
    case 0: finish_as<V, typename V::AsF32, Rows>(result, sum); break;
    case 1: finish_as<V, typename V::AsBf16, Rows>(result, sum); break;
    default: finish_as<V, typename V::AsF16, Rows>(result, sum); break;
  }
}

/// Fetches what a tile's end will read, and the cache lines of D that it will write, long before it does: weights have
/// flown through the caches since the last time.
template <class V>
void fetch_result(const TileResult& result, int rows) {
#pragma GCC unroll 4
  for (int i = 0; i < V::vectors * V::lanes; i += 64 / 4) {
    __builtin_prefetch(result.scale_w + i, 0, 3);
    if (result.bias != nullptr) __builtin_prefetch(result.bias + i, 0, 3);
    if (result.azp != nullptr) __builtin_prefetch(result.colsum + i, 0, 3);
  }
  auto* d = static_cast<std::byte*>(result.d);
  const std::int64_t bytes = result.channels * (result.type == 0 ? 4 : 2);
  for (int row = 0; row < rows; ++row, d += result.stride) {
    for (std::int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(d + i, 1, 3);
  }
}

template <class V, int Rows>
void run_rows(const TileWork& work) {
  constexpr int sums = Rows * V::vectors, lanes = V::lanes;
  typename V::I sum[sums];
  if (work.start != nullptr) {
#pragma GCC unroll 32
    for (int i = 0; i < sums; ++i) sum[i] = V::load(work.start + i % V::vectors * lanes);
  } else {
#pragma GCC unroll 32
    for (int i = 0; i < sums; ++i) sum[i] = V::load(work.sums + i * lanes);
  }
  if constexpr (V::finishes) {
    if (work.result != nullptr) fetch_result<V>(*work.result, Rows);
  }
  const std::uint8_t* a = work.a;
  const std::int8_t* w = work.w;
  const std::int8_t* next = work.next;
  const std::int64_t next_bytes = std::int64_t{64} * work.next_lines;
  constexpr std::int64_t step = V::vectors * lanes * group_values;  // of w, for four values of K
  for (std::int64_t chunk = 0; chunk < work.chunks; ++chunk, a += (Rows - 1) * chunk_values) {
    if (work.fetch_a) {
#pragma GCC unroll 8
      for (int row = 0; row < Rows; ++row) __builtin_prefetch(a + (2 * Rows + row) * chunk_values, 0, 3);
    }
    for (int quarter = 0; quarter < 4; ++quarter, a += chunk_values / 4, w += 4 * step) {
      for (std::int64_t i = 0; i < next_bytes; i += 64) __builtin_prefetch(next + i, 0, 2);
      next += next_bytes;
#pragma GCC unroll 4
      for (int group = 0; group < 4; ++group) {
        typename V::I weights[V::vectors];
#pragma GCC unroll 8
        for (int j = 0; j < V::vectors; ++j) {
          weights[j] = V::load(reinterpret_cast<const std::int32_t*>(w + group * step) + j * lanes);
        }
#pragma GCC unroll 8
        for (int row = 0; row < Rows; ++row) {
          const typename V::I value = V::broadcast(a + row * chunk_values + group * group_values);
#pragma GCC unroll 8
          for (int j = 0; j < V::vectors; ++j) {
            sum[row * V::vectors + j] = V::multiply_add(sum[row * V::vectors + j], value, weights[j]);
          }
        }
      }
    }
  }
  if constexpr (V::finishes) {
    if (work.result != nullptr) {
      finish<V, Rows>(*work.result, sum);
      return;
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < sums; ++i) V::store(work.sums + i * lanes, sum[i]);
}

void run(const TileWork& work) {
  constexpr decltype(&run_rows<Vector, 1>) by_rows[] = {run_rows<Vector, 1>, run_rows<Vector, 2>, run_rows<Vector, 3>,
                                                        run_rows<Vector, 4>, run_rows<Vector, 5>, run_rows<Vector, 6>};
  by_rows[work.rows - 1](work);
}

constexpr int most_rows = 6;
