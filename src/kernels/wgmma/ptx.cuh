#pragma once
#include <cuda.h>

#include <cstdint>

// Hopper's instructions for which CUDA C++ has no words: barriers in shared memory, the tensor copy engine, clusters.
namespace qgemm::kernels::wgmma {

__device__ __forceinline__ std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

/// True in one thread of a converged warp. (The compiler knows this predicate: what only one thread does needs no loop
/// over those that might.)
__device__ __forceinline__ bool elected() {
  std::uint32_t chosen = 0;
  asm volatile("{\n.reg .pred p;\nelect.sync _|p, 0xffffffff;\nselp.u32 %0, 1, 0, p;\n}\n" : "=r"(chosen));
  return chosen != 0;
}

// Barriers: 8 bytes in shared memory, by address.
__device__ __forceinline__ void init_barrier(std::uint32_t barrier, std::uint32_t arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;\n" ::"r"(barrier), "r"(arrivals) : "memory");
}
/// After initializing: other threads, the other blocks of the cluster and the copy engine see it.
__device__ __forceinline__ void publish_barriers() {
  asm volatile("fence.mbarrier_init.release.cluster;\n" ::: "memory");
}
/// Arrives, and lets the phase wait for `bytes` more from the copy engine.
__device__ __forceinline__ void arrive_expecting(std::uint32_t barrier, std::uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;\n" ::"r"(barrier), "r"(bytes) : "memory");
}
__device__ __forceinline__ void arrive(std::uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];\n" ::"r"(barrier) : "memory");
}
/// At the barrier of the same address in block `rank` of the cluster.
__device__ __forceinline__ void arrive_at(std::uint32_t barrier, std::uint32_t rank) {
  asm volatile(
      "{\n.reg .b32 there;\nmapa.shared::cluster.u32 there, %0, %1;\n"
      "mbarrier.arrive.shared::cluster.b64 _, [there];\n}\n" ::"r"(barrier),
      "r"(rank)
      : "memory");
}
/// Until the phase of that parity is over.
__device__ __forceinline__ void wait_for(std::uint32_t barrier, std::uint32_t parity) {
  asm volatile(
      "{\n.reg .pred done;\nagain:\nmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n@done bra over;\n"
      "bra again;\nover:\n}\n" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

/// The threads of one warpgroup (128), by a barrier of the hardware's, 1 … 15.
__device__ __forceinline__ void sync_group(int barrier) {
  asm volatile("bar.sync %0, 128;\n" ::"r"(barrier) : "memory");
}

/// The first `groups` warpgroups that call it.
template <int groups>
__device__ __forceinline__ void sync_groups() {
  asm volatile("bar.sync 15, %0;\n" ::"n"(groups * 128) : "memory");
}
/// Two warpgroups that take turns: one tells that it is the turn of group `group`, which waits for it.
__device__ __forceinline__ void arrive_for(int group) {
  asm volatile("bar.arrive %0, 256;\n" ::"r"(10 + group) : "memory");
}
__device__ __forceinline__ void wait_for_turn(int group) {
  asm volatile("bar.sync %0, 256;\n" ::"r"(10 + group) : "memory");
}
/// A meeting of all threads at which some only say that they were there.
template <int threads>
__device__ __forceinline__ void arrive_at_block() {
  asm volatile("bar.arrive 14, %0;\n" ::"n"(threads) : "memory");
}
template <int threads>
__device__ __forceinline__ void sync_block() {
  asm volatile("bar.sync 14, %0;\n" ::"n"(threads) : "memory");
}

__device__ __forceinline__ std::uint32_t cluster_rank() {
  std::uint32_t rank = 0;
  asm volatile("mov.u32 %0, %%cluster_ctarank;\n" : "=r"(rank));
  return rank;
}
/// Orders nothing: for blocks that only have to know of one another that they got there. (Ordered ones wait for all
/// earlier memory accesses, a microsecond.)
__device__ __forceinline__ void arrive_at_cluster() {
  asm volatile("barrier.cluster.arrive.relaxed.aligned;\n" ::: "memory");
}
__device__ __forceinline__ void wait_for_cluster() { asm volatile("barrier.cluster.wait.aligned;\n" ::: "memory"); }

/// What address and barrier are in block `rank` of the cluster.
__device__ __forceinline__ std::uint32_t address_at(std::uint32_t address, std::uint32_t rank) {
  std::uint32_t there = 0;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;\n" : "=r"(there) : "r"(address), "r"(rank));
  return there;
}
/// Writes 16 bytes into the shared memory of a block of the cluster, and tells a barrier there of as many bytes.
__device__ __forceinline__ void send(std::uint32_t there, std::uint32_t barrier_there, std::uint32_t a, std::uint32_t b,
                                     std::uint32_t c, std::uint32_t d) {
  asm volatile(
      "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0], {%2, %3, %4, %5}, [%1];\n" ::"r"(there),
      "r"(barrier_there), "r"(a), "r"(b), "r"(c), "r"(d)
      : "memory");
}

// The tensor copy engine. `map`: a kernel parameter; x: along K or N (contiguous), y: the row.
__device__ __forceinline__ void prefetch_map(const CUtensorMap* map) {
  asm volatile("prefetch.tensormap [%0];\n" ::"l"(map) : "memory");
}
/// What L2 is told of lines that are loaded: that they are the first to leave it (`stream`), or nothing.
/// ("evict_normal" would not be nothing: loads with it are slower than loads without a word,
/// docs/measurements/kernels.md.)
__device__ __forceinline__ std::uint64_t l2_policy(bool stream) {
  std::uint64_t first, unchanged;
  asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;\n" : "=l"(first));
  asm("createpolicy.fractional.L2::evict_unchanged.b64 %0, 1.0;\n" : "=l"(unchanged));
  return stream ? first : unchanged;
}
__device__ __forceinline__ void load_box(std::uint32_t to, const CUtensorMap* map, int x, int y, std::uint32_t barrier,
                                         std::uint64_t policy) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], "
      "[%1, {%3, %4}], [%2], %5;\n" ::"r"(to),
      "l"(map), "r"(barrier), "r"(x), "r"(y), "l"(policy)
      : "memory");
}
/// `bytes` that follow one another; both addresses and they in multiples of 16.
__device__ __forceinline__ void load_bytes(std::uint32_t to, const void* from, std::uint32_t bytes,
                                           std::uint32_t barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];\n" ::"r"(to),
               "l"(from), "r"(bytes), "r"(barrier)
               : "memory");
}
/// Into every block of the cluster whose bit is set, at the same address, telling the barrier of each.
__device__ __forceinline__ void load_box(std::uint32_t to, const CUtensorMap* map, int x, int y, std::uint32_t barrier,
                                         std::uint64_t policy, std::uint16_t blocks) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster.L2::cache_hint "
      "[%0], [%1, {%3, %4}], [%2], %6, %5;\n" ::"r"(to),
      "l"(map), "r"(barrier), "r"(x), "r"(y), "l"(policy), "h"(blocks)
      : "memory");
}
__device__ __forceinline__ void store_box(const CUtensorMap* map, int x, int y, std::uint32_t from) {
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%2, %3}], [%1];\n" ::"l"(map), "r"(from),
               "r"(x), "r"(y)
               : "memory");
}
__device__ __forceinline__ void commit_stores() { asm volatile("cp.async.bulk.commit_group;\n" ::: "memory"); }
/// Until all but `pending` groups of stores have read their shared memory.
template <int pending>
__device__ __forceinline__ void wait_for_stores() {
  asm volatile("cp.async.bulk.wait_group.read %0;\n" ::"n"(pending) : "memory");
}
/// Between ordinary writes to shared memory and what the copy engine reads.
__device__ __forceinline__ void publish_shared() { asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory"); }

/// (The compiler is not told that memory changes: nothing but the copy engine reads it, after `publish_shared`.)
/// Four 8×8 matrices of 16 bits, rows of 16 bytes at the addresses that lanes 8i … 8i+7 give for matrix i.
template <bool transposed>
__device__ __forceinline__ void store_matrices(std::uint32_t row, std::uint32_t a, std::uint32_t b, std::uint32_t c,
                                               std::uint32_t d) {
  if constexpr (transposed) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};\n" ::"r"(row), "r"(a), "r"(b),
                 "r"(c), "r"(d));
  } else {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};\n" ::"r"(row), "r"(a), "r"(b),
                 "r"(c), "r"(d));
  }
}
/// Two of them, at the addresses of lanes 0 … 15.
template <bool transposed>
__device__ __forceinline__ void store_matrices(std::uint32_t row, std::uint32_t a, std::uint32_t b) {
  if constexpr (transposed) {
    asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1, %2};\n" ::"r"(row), "r"(a), "r"(b));
  } else {
    asm volatile("stmatrix.sync.aligned.m8n8.x2.shared.b16 [%0], {%1, %2};\n" ::"r"(row), "r"(a), "r"(b));
  }
}

// Programmatic launch: a kernel that was launched before its predecessor ended.
/// Until the predecessor has ended and what it wrote can be seen.
__device__ __forceinline__ void wait_for_predecessor() { asm volatile("griddepcontrol.wait;\n" ::: "memory"); }

template <int registers>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;\n" ::"n"(registers));
}
template <int registers>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;\n" ::"n"(registers));
}

}  // namespace qgemm::kernels::wgmma
