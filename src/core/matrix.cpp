#include "qgemm/matrix.hpp"

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include "qgemm/error.hpp"

// Sanitizers watch the borders of what the heap gives, and of nothing else.
#if defined(__SANITIZE_ADDRESS__)
#define QGEMM_HEAP_ONLY
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QGEMM_HEAP_ONLY
#endif
#endif
#if defined(__linux__) && !defined(QGEMM_HEAP_ONLY)
#define QGEMM_MAPS_MEMORY
#include <sys/mman.h>
#endif

namespace qgemm {
namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20U;
/// What a process can address on x86-64 and arm64 (47 bits): more is a slip of arithmetic, not a matter of memory.
constexpr std::size_t address_space = std::size_t{1} << 47U;

#ifdef QGEMM_MAPS_MEMORY
/// `bytes`, a multiple of `huge_page`, at such a multiple; null where there is no memory.
std::byte* map_huge(std::size_t bytes) {
  void* mapped = ::mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* first = static_cast<std::byte*>(mapped);
  const std::size_t before = (huge_page - reinterpret_cast<std::uintptr_t>(first) % huge_page) % huge_page;
  if (before > 0) ::munmap(first, before);
  if (before < huge_page) ::munmap(first + before + bytes, huge_page - before);
  // Weights are streamed: with 4 KiB pages the TLB, not the memory, would set their speed. Best effort.
  ::madvise(first + before, bytes, MADV_HUGEPAGE);
  return first + before;
}
#endif

}  // namespace

void AlignedBuffer::Free::operator()(std::byte* p) const {
#ifdef QGEMM_MAPS_MEMORY
  if (mapped > 0) {
    ::munmap(p, mapped);
    return;
  }
#endif
  std::free(p);
}

AlignedBuffer::AlignedBuffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  if (bytes > address_space) throw OutOfMemory("no memory has room for " + std::to_string(bytes) + " bytes");
  const std::size_t alignment = bytes >= 2 * huge_page ? huge_page : cache_line;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
#ifdef QGEMM_MAPS_MEMORY
  if (alignment == huge_page) data_ = {map_huge(rounded), Free{rounded}};
#endif
  if (!data_ && data_.get_deleter().mapped == 0)
    data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, rounded)));
  if (!data_) throw OutOfMemory("allocating " + std::to_string(bytes) + " bytes failed: not enough memory");
}

Matrix::Matrix(DType dtype, std::int64_t rows, std::int64_t cols) : dtype_(dtype), rows_(rows), cols_(cols) {
  if (rows < 0 || cols < 0) {
    throw InvalidInput("a matrix cannot have " + std::to_string(rows) + " rows and " + std::to_string(cols) +
                       " columns");
  }
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  if (cols > 0 && rows > std::numeric_limits<std::int64_t>::max() / size / cols) {
    throw OutOfMemory("a matrix of " + std::to_string(rows) + " × " + std::to_string(cols) +
                      " elements fits in no memory");
  }
  buffer_ = AlignedBuffer(static_cast<std::size_t>(rows * cols * size));
}

float element(const ConstMatrixView& matrix, std::int64_t r, std::int64_t c) {
  switch (matrix.dtype) {
    case DType::f32: return matrix.row<float>(r)[c];
    case DType::bf16: return to_float(matrix.row<BFloat16>(r)[c]);
    case DType::f16: return to_float(matrix.row<Float16>(r)[c]);
    case DType::s8: return static_cast<float>(matrix.row<std::int8_t>(r)[c]);
    case DType::s32: return static_cast<float>(matrix.row<std::int32_t>(r)[c]);
    case DType::e4m3: return to_float(matrix.row<E4M3>(r)[c]);
  }
  throw InvalidInput("element() was given a matrix of no known type");
}

void set_element(const MatrixView& matrix, std::int64_t r, std::int64_t c, float value) {
  switch (matrix.dtype) {
    case DType::f32: matrix.row<float>(r)[c] = value; return;
    case DType::bf16: matrix.row<BFloat16>(r)[c] = to_bfloat16(value); return;
    case DType::f16: matrix.row<Float16>(r)[c] = to_float16(value); return;
    default: throw InvalidInput("set_element() does not write " + std::string(name(matrix.dtype)) + " matrices");
  }
}

}  // namespace qgemm
