#pragma once
// All checks of matrices in device memory.
#include "accuracy/cuda/device_float_proof.hpp"
#include "accuracy/cuda/device_freivalds.hpp"
#include "accuracy/cuda/device_hash.hpp"
#include "accuracy/cuda/device_output_check.hpp"
#include "accuracy/cuda/device_sample.hpp"
