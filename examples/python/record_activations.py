"""Records what goes into a model's linear layers, for `qgemm accuracy --activations FILE`.

    python record_activations.py meta-llama/Llama-3.1-8B-Instruct inputs.safetensors --text some.txt --tokens 512

Needs torch, transformers and safetensors. The file has a tensor `layers.I.LAYER` [tokens, K] for each layer that qgemm multiplies
in decoder layer I: qkv, o, gate_up (or up) and down, in BF16. What is recorded are the inputs themselves, by forward pre-hooks: no
weight is changed, and any model that names its linear layers as Llama, Mistral, Qwen, Gemma, Phi-3, OPT, GPT-NeoX or Falcon do
works. A few hundred tokens of text like the model's own work tell its outliers; it takes 2 bytes a value, 0.9 GB for 512 tokens
of an 8B model, so give `--layers` to record fewer decoder layers.
"""

import argparse
import re

import torch

# The linear layers' names, of one input each: q, k and v have the same, so that q's stands for all three.
LAYER_OF = {
    "q_proj": "qkv",
    "qkv_proj": "qkv",
    "query_key_value": "qkv",
    "o_proj": "o",
    "out_proj": "o",
    "attention.dense": "o",
    "self_attention.dense": "o",
    "gate_proj": "gate_up",
    "gate_up_proj": "gate_up",
    "fc1": "up",
    "dense_h_to_4h": "up",
    "down_proj": "down",
    "fc2": "down",
    "dense_4h_to_h": "down",
}
# `model.layers.3.self_attn.q_proj`, `transformer.h.3.mlp.dense_h_to_4h`: not an expert's, which get other tokens.
NAME = re.compile(r"(?:^|\.)(?:layers|h)\.(\d+)\.(?!.*experts)(?:.*\.)?(%s)$" % "|".join(map(re.escape, LAYER_OF)))


def layer_name(module):
    """`layers.3.qkv` of `model.layers.3.self_attn.q_proj`; None of a module that qgemm does not multiply."""
    found = NAME.search(module)
    return f"layers.{found[1]}.{LAYER_OF[found[2]]}" if found else None


class Recorder:
    """Keeps the first `tokens` tokens that go into each linear layer of `model`, while it is entered (`with`)."""

    def __init__(self, model, tokens, layers=None):
        self.model, self.tokens, self.layers = model, tokens, layers
        self.parts, self.hooks = {}, []

    def _hook(self, name):
        def keep(module, inputs):
            kept = self.parts.setdefault(name, [])
            missing = self.tokens - sum(len(part) for part in kept)
            if missing > 0:
                rows = inputs[0].detach().reshape(-1, inputs[0].shape[-1])[:missing]
                kept.append(rows.to(device="cpu", dtype=torch.bfloat16, copy=True))

        return keep

    def __enter__(self):
        for path, module in self.model.named_modules():
            name = layer_name(path)
            if name and (self.layers is None or int(name.split(".")[1]) in self.layers):
                self.hooks.append(module.register_forward_pre_hook(self._hook(name)))
        if not self.hooks:
            raise SystemExit("record_activations: the model has no linear layer of a name that is known here")
        return self

    def __exit__(self, *error):
        for hook in self.hooks:
            hook.remove()
        self.hooks = []

    def enough(self):
        return bool(self.parts) and all(sum(map(len, kept)) >= self.tokens for kept in self.parts.values())

    def tensors(self):
        return {name: torch.cat(kept).contiguous() for name, kept in sorted(self.parts.items())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a model's Hugging Face name or folder")
    parser.add_argument("out", help="the safetensors file to write")
    parser.add_argument("--text", required=True, help="a file with text like what the model works on")
    parser.add_argument("--tokens", type=int, default=512, help="tokens to keep of each layer")
    parser.add_argument("--sequence", type=int, default=256, help="tokens of a sequence; its first are the massive ones")
    parser.add_argument("--layers", type=int, nargs="+", help="only these decoder layers")
    arguments = parser.parse_args()

    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, torch_dtype="auto", device_map="auto").eval()
    with open(arguments.text, encoding="utf-8") as file:
        ids = tokenizer(file.read(), return_tensors="pt").input_ids
    with Recorder(model, arguments.tokens, arguments.layers) as recorder, torch.no_grad():
        for sequence in ids.split(arguments.sequence, dim=1):
            model(sequence.to(model.device), use_cache=False)
            if recorder.enough():
                break
    tensors = recorder.tensors()
    save_file(tensors, arguments.out)
    print(f"{arguments.out}: {len(tensors)} layers, {min(map(len, tensors.values()))} tokens each")


if __name__ == "__main__":
    main()
