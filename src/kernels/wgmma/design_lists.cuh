#pragma once
#include "kernels/wgmma/wgmma_kernel.cuh"

namespace qgemm::kernels::wgmma {

/// For a few tokens: the weights are the tensor cores' rows, and K is split, so that all multiprocessors read them.
template <class Input>
void add_small(KernelList& list) {
  add<Small<Input, 8, 1, 2>, Small<Input, 8, 2, 2>, Small<Input, 8, 2, 3>, Small<Input, 8, 4, 3>,
      Small<Input, 16, 1, 2>, Small<Input, 16, 2, 2>, Small<Input, 16, 2, 3>, Small<Input, 16, 4, 3>,
      Small<Input, 32, 2, 2>, Small<Input, 32, 4, 2>, Small<Input, 8, 1, 1, 2>, Small<Input, 8, 2, 1, 2>,
      Small<Input, 16, 1, 1, 2>, Small<Input, 16, 2, 1, 2>, Small<Input, 32, 2, 1, 2>, Small<Input, 64, 1, 1>,
      Small<Input, 64, 2, 1>, Small<Input, 64, 2, 1, 2>, Small<Input, 128, 2, 1>, Staying<Input, 8, 2>,
      Staying<Input, 8, 3>, Staying<Input, 16, 2>, Staying<Input, 16, 3>, Staying<Input, 8, 2, 2>,
      Staying<Input, 16, 2, 2>, Staying<Input, 8, 1, 2>, Staying<Input, 16, 1, 2>, Staying<Input, 32, 1, 2>,
      Staying<Input, 32, 2>, Staying<Input, 64, 2>, Staying<Input, 64, 1>, Staying<Input, 64, 1, 2>,
      Staying<Input, 128, 1>>(list);
}

/// For a few tokens that come unquantized. Room for their codes is room that stages lack, so that it comes in sizes.
template <class Input>
void add_quantizing(KernelList& list) {
  add<QuantizingStaying<Input, 8, 2, 1, 4096>, QuantizingStaying<Input, 8, 1, 2, 4096>,
      QuantizingStaying<Input, 8, 1, 2, 8192>, QuantizingStaying<Input, 8, 1, 2, 16384>,
      QuantizingSmall<Input, 8, 1, 1, 2, 4096>, QuantizingSmall<Input, 8, 2, 1, 2, 4096>,
      QuantizingSmall<Input, 8, 2, 1, 2, 8192>>(list);
}

/// Tokens between the powers of two: with the weights as rows, tiles come in any sixteen of tokens, so that one token
/// more costs no tile of its own.
template <class Input>
void add_between(KernelList& list) {
  add<Small<Input, 24, 1, 2>, Small<Input, 48, 2, 2>, Small<Input, 80, 2, 1>, Staying<Input, 24, 2>,
      Staying<Input, 48, 2>, Staying<Input, 80, 1>, Staying<Input, 112, 1>, Staying<Input, 144, 1>, Flat<Input, 48>,
      Flat<Input, 80>, Flat<Input, 96>, Flat<Input, 112>, Flat<Input, 144>, AlternatingFlat<Input, 112>,
      AlternatingFlat<Input, 144>, AlternatingFlat<Input, 176>>(list);
}

/// Tiles of many sizes, so that for some hundred tokens one fills all multiprocessors evenly.
template <class Input>
void add_medium(KernelList& list) {
  add<Narrow<Input, 64, 2>, Narrow<Input, 80>, Narrow<Input, 96, 2>, Narrow<Input, 96>, Narrow<Input, 128>,
      Narrow<Input, 160>, Tile<Input, 2, 1, 32>, Tile<Input, 2, 1, 64>, Tile<Input, 2, 1, 96>, Tile<Input, 2, 1, 128>,
      Tile<Input, 2, 1, 160>, Tile<Input, 2, 1, 192>, Tile<Input, 2, 1, 64, 1, 1, 2>, Tile<Input, 2, 1, 128, 1, 1, 2>,
      Tile<Input, 2, 1, 256, 1, 1, 2>, Alternating<Input, 1, 128>, Alternating<Input, 1, 256>,
      Alternating<Input, 2, 96>, Alternating<Input, 2, 128>>(list);
}

/// For thousands of tokens: the largest tiles that fit into registers, so that operands move least.
template <class Input>
void add_large(KernelList& list) {
  add<Alternating<Input, 2, 128, 2, 1>, Alternating<Input, 2, 160>, Alternating<Input, 2, 192>, Tile<Input, 2, 1, 224>,
      Tile<Input, 2, 1, 256>, Tile<Input, 2, 1, 256, 2, 1>, Tile<Input, 2, 2, 128>, Tile<Input, 2, 2, 160>>(list);
}

}  // namespace qgemm::kernels::wgmma
