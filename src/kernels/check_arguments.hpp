#pragma once
#include <cstdint>
#include <string>

#include "kernels/scaled_gemm.hpp"

namespace qgemm::kernels {

/// Throws `Unavailable`, naming the kernel and the reason, for what no kernel here can take or this one cannot: sizes
/// and alignments, taps or zero points of a product that is not of integers, a GPU it has no code for.
void check_arguments(const KernelTraits& traits, const ScaledGemmArguments& arguments);

/// Throws `Unavailable`: the kernel's name and why.
[[noreturn]] void refuse(const KernelTraits& traits, const std::string& reason);

/// Of the current device.
int multiprocessors();
std::int64_t shared_bytes_per_block();

}  // namespace qgemm::kernels
