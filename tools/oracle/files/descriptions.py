"""Asks litgpt, Meta's and Mistral's own code what the models in their files consist of: test/fixtures/descriptions.

Every model is instantiated on the meta device. Recorded: names and shapes of the state dict, groups of names that share
memory and the parameter count; for litgpt also the shapes of the key-value cache of each layer.
"""

from __future__ import annotations

import dataclasses
import gzip
import importlib.metadata
import json
import sys
import types
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from collapse import collapse  # noqa: E402

FIXTURES = HERE.parent.parent.parent / "test" / "fixtures" / "descriptions"


def described(model) -> dict:
    state = model.state_dict(keep_vars=True)
    entries, owners, parameters = [], {}, 0
    for name, tensor in state.items():
        entries.append((name, json.dumps(list(tensor.shape), separators=(",", ":"))))
        if id(tensor) not in owners and tensor.is_floating_point():
            parameters += tensor.numel()
        owners.setdefault(id(tensor), []).append(name)
    tied = sorted(sorted(names) for names in owners.values() if len(names) > 1)
    return {"parameters": parameters, "tensors": collapse(entries), "tied": tied}


def stand_in(name: str, **attributes) -> types.ModuleType:
    """A module that is not installed, with what the reference code takes from it."""
    module = types.ModuleType(name)
    for key, value in attributes.items():
        setattr(module, key, value)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        if parent not in sys.modules:
            stand_in(parent)
        setattr(sys.modules[parent], child, module)
    return module


# litgpt -------------------------------------------------------------------------------------------------------------

LITGPT_NAMED = [
    "pythia-160m", "phi-1_5", "stablelm-base-alpha-3b", "falcon-7b", "stablecode-completion-alpha-3b",
    "Llama-3.2-1B", "tiny-llama-1.1b", "Qwen2.5-0.5B", "OLMo-1B-hf", "OLMo-2-1124-7B", "Phi-3-mini-4k-instruct", "Mistral-7B-v0.1", "Qwen3-0.6B",
    "Gemma-2b", "Gemma-2-2b", "Gemma-3-1b-it",
    "Mixtral-8x7B-v0.1", "Qwen3-30B-A3B",
]
LITGPT_ODD = {
    "neox, odd": {"n_layer": 2, "n_embd": 42, "n_head": 3, "vocab_size": 101, "padding_multiple": 7, "lm_head_bias": True, "block_size": 32},
    "neox, shared norm": {"n_layer": 1, "n_embd": 48, "n_head": 4, "padded_vocab_size": 64, "shared_attention_norm": True, "bias": False, "attn_bias": True, "intermediate_size": 33},
    "llama, norms of queries": {"n_layer": 3, "n_embd": 40, "n_head": 4, "head_size": 8, "n_query_groups": 2, "padded_vocab_size": 50, "mlp_class_name": "LLaMAMLP", "intermediate_size": 22, "norm_class_name": "RMSNorm", "norm_qk": True, "bias": False, "post_attention_norm": True, "post_mlp_norm": True},
    "gemma, windows": {"name": "Gemma-odd", "n_layer": 4, "n_embd": 40, "n_head": 5, "n_query_groups": 1, "padded_vocab_size": 50, "mlp_class_name": "GemmaMLP", "norm_class_name": "RMSNorm", "sliding_window_size": 8, "sliding_window_indices": [1, 0, 1, 0], "rotary_percentage": 1.0, "block_size": 64},
    "experts with biases": {"n_layer": 2, "n_embd": 24, "n_head": 2, "padded_vocab_size": 30, "mlp_class_name": "LLaMAMoE", "intermediate_size": 20, "n_expert": 3, "n_expert_per_token": 2},
    "latent attention, grouped experts": {"n_layer": 3, "n_embd": 32, "n_head": 4, "padded_vocab_size": 40, "mlp_class_name": "LLaMAMoE", "norm_class_name": "RMSNorm", "bias": False, "intermediate_size": 48, "moe_intermediate_size": 10, "n_expert": 6, "n_expert_per_token": 2, "n_shared_expert": 2, "n_expert_groups": 2, "n_topk_groups": 1, "n_topk_scores_per_group": 2, "first_k_dense_replace": 1, "latent_attention": {"q_lora_rank": 14, "kv_lora_rank": 9, "qk_rope_head_dim": 4, "qk_nope_head_dim": 7, "v_head_dim": 5}},
    "norms left out": {"n_layer": 2, "n_embd": 32, "n_head": 4, "padded_vocab_size": 40, "norm_1": False, "norm_2": False, "norm_qk": True, "norm_qk_type": "olmo2", "n_query_groups": 2, "post_attention_norm": True, "norm_class_name": "RMSNorm"},
    "OLMo": {"name": "OLMo-odd", "n_layer": 2, "n_embd": 32, "n_head": 4, "padded_vocab_size": 40, "mlp_class_name": "LLaMAMLP", "intermediate_size": 24, "bias": False},
}


def litgpt_answers() -> dict:
    from litgpt.config import Config, configs
    from litgpt.model import GPT

    def built(config: Config):
        with torch.device("meta"):
            return GPT(config)

    def cache(model) -> list[str] | None:
        if model.config.latent_attention is not None:
            return None  # litgpt keeps the expanded heads; which form is kept is the engine's rule
        with torch.device("meta"):
            model.set_kv_cache(batch_size=1)
        shapes = [(str(i), json.dumps([list(b.attn.kv_cache.k.shape), list(b.attn.kv_cache.v.shape)], separators=(",", ":"))) for i, b in enumerate(model.transformer.h)]
        return collapse(shapes)

    answers = []
    for label, fields in [(name, None) for name in LITGPT_NAMED] + list(LITGPT_ODD.items()):
        config = Config.from_name(label) if fields is None else Config(**fields)
        # As litgpt writes model_config.yaml (litgpt/utils.py, save_config): every field of the dataclass.
        written = {key: value for key, value in dataclasses.asdict(config).items() if key != "hf_config"} if fields is None else fields
        model = built(config)
        answer = {"label": label, "fields": written, **described(model)}
        if (kept := cache(model)) is not None:
            answer["cache"] = kept
        answers.append(answer)
    counts = []
    for fields in configs:
        fields = {key: value for key, value in fields.items() if key != "hf_config"}
        counts.append({"fields": fields, "parameters": described(built(Config(**fields)))["parameters"]})
    return {"library": f"litgpt {importlib.metadata.version('litgpt')}", "answers": answers, "counts": counts}


# Meta ---------------------------------------------------------------------------------------------------------------

META = {
    "Llama 2 7B": {"dim": 4096, "multiple_of": 256, "n_heads": 32, "n_layers": 32, "norm_eps": 1e-05, "vocab_size": -1},
    "Llama 2 13B": {"dim": 5120, "multiple_of": 256, "n_heads": 40, "n_layers": 40, "norm_eps": 1e-05, "vocab_size": -1},
    "Llama 2 70B": {"dim": 8192, "multiple_of": 4096, "ffn_dim_multiplier": 1.3, "n_heads": 64, "n_kv_heads": 8, "n_layers": 80, "norm_eps": 1e-05, "vocab_size": -1},
    "Llama 3 8B": {"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256, "multiple_of": 1024, "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05, "rope_theta": 500000.0},
    "Llama 3.1 405B": {"dim": 16384, "ffn_dim_multiplier": 1.2, "multiple_of": 4096, "n_heads": 128, "n_kv_heads": 8, "n_layers": 126, "norm_eps": 1e-05, "rope_theta": 500000.0, "use_scaled_rope": True, "vocab_size": 128256},
    "Llama 3.2 1B": {"dim": 2048, "ffn_dim_multiplier": 1.5, "multiple_of": 256, "n_heads": 32, "n_kv_heads": 8, "n_layers": 16, "norm_eps": 1e-05, "rope_theta": 500000.0, "use_scaled_rope": True, "vocab_size": 128256},
    "small, odd": {"dim": 42, "multiple_of": 5, "ffn_dim_multiplier": 0.77, "n_heads": 3, "n_kv_heads": 1, "n_layers": 2, "norm_eps": 1e-05, "vocab_size": 101},
}


def meta_answers() -> dict:
    class Parallel(nn.Linear):
        def __init__(self, inputs, outputs, bias=True, **_):
            super().__init__(inputs, outputs, bias=bias)

    class Embedding(nn.Embedding):
        def __init__(self, rows, width, **_):
            super().__init__(rows, width)

    stand_in("fairscale.nn.model_parallel.initialize", get_model_parallel_world_size=lambda: 1)
    stand_in("fairscale.nn.model_parallel.layers", ColumnParallelLinear=Parallel, RowParallelLinear=Parallel, VocabParallelEmbedding=Embedding)
    # The package's own __init__ asks for tokenizers and more: the two files are taken by themselves.
    package = Path(importlib.metadata.distribution("llama-models").locate_file("models/llama3"))
    stand_in("llama3").__path__ = [str(package)]
    from llama3.args import ModelArgs
    from llama3.model import Transformer

    answers = []
    for label, params in META.items():
        args = ModelArgs(**params)
        args.max_batch_size, args.max_seq_len = 1, 16
        if args.vocab_size == -1:
            args.vocab_size = 32000  # what the tokenizer of Llama 2 has
        with torch.device("meta"):
            model = Transformer(args)
        answers.append({"label": label, "fields": params, **described(model)})
    return {"library": f"llama-models {importlib.metadata.version('llama-models')}", "answers": answers}


# Mistral ------------------------------------------------------------------------------------------------------------

TOWER = {"hidden_size": 1024, "num_channels": 3, "image_size": 1024, "patch_size": 16, "rope_theta": 10000.0, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
MISTRAL = {
    "Mistral 7B v0.1": {"dim": 4096, "n_layers": 32, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-05, "sliding_window": 4096, "vocab_size": 32000},
    "Mistral Nemo": {"dim": 5120, "n_layers": 40, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-05, "rope_theta": 1000000.0, "vocab_size": 131072},
    "Mixtral 8x7B": {"dim": 4096, "n_layers": 32, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-05, "vocab_size": 32000, "moe": {"num_experts_per_tok": 2, "num_experts": 8}},
    "Mixtral 8x22B": {"dim": 6144, "n_layers": 56, "head_dim": 128, "hidden_dim": 16384, "n_heads": 48, "n_kv_heads": 8, "norm_eps": 1e-05, "vocab_size": 32768, "rope_theta": 1000000.0, "moe": {"num_experts": 8, "num_experts_per_tok": 2}},
    "Ministral 8B": {"dim": 4096, "n_layers": 36, "head_dim": 128, "hidden_dim": 12288, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-05, "vocab_size": 131072, "rope_theta": 100000000.0, "_sliding_window": [None, 32768, 32768, 32768]},
    "Pixtral 12B": {"dim": 5120, "n_layers": 40, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "rope_theta": 1000000000.0, "norm_eps": 1e-05, "vocab_size": 131072, "vision_encoder": {**TOWER, "image_token_id": 10}},
    "Mistral Small 3.1": {"dim": 5120, "n_layers": 40, "head_dim": 128, "hidden_dim": 32768, "n_heads": 32, "n_kv_heads": 8, "rope_theta": 1000000000.0, "norm_eps": 1e-05, "vocab_size": 131072, "max_position_embeddings": 131072, "vision_encoder": {**TOWER, "image_size": 1540, "max_image_size": 1540, "patch_size": 14, "adapter_bias": False, "spatial_merge_size": 2, "mm_projector_id": "patch_merge", "add_pre_mm_projector_layer_norm": True}},
    "small, odd": {"dim": 30, "n_layers": 2, "head_dim": 7, "hidden_dim": 44, "n_heads": 6, "n_kv_heads": 3, "norm_eps": 1e-05, "vocab_size": 53},
}


def mistral_answers() -> dict:
    @dataclasses.dataclass
    class Serializable:
        @classmethod
        def from_dict(cls, fields):
            return cls(**fields)

    nothing = type("nothing", (), {})
    stand_in("simple_parsing.helpers", Serializable=Serializable)
    stand_in("xformers.ops.fmha", memory_efficient_attention=None)
    stand_in("xformers.ops.fmha.attn_bias", AttentionBias=nothing, BlockDiagonalMask=nothing, BlockDiagonalCausalMask=nothing, BlockDiagonalCausalWithOffsetPaddedKeysMask=nothing)
    import safetensors.torch  # noqa: F401 - asked for by the reference code
    from mistral_inference.args import TransformerArgs, VisionEncoderArgs
    from mistral_inference.moe import MoeArgs
    from mistral_inference.transformer import Transformer

    def only(cls, fields: dict) -> dict:
        names = {field.name for field in dataclasses.fields(cls)}
        return {key: value for key, value in fields.items() if key in names}

    answers = []
    for label, params in MISTRAL.items():
        fields = only(TransformerArgs, params)
        if "moe" in fields:
            fields["moe"] = MoeArgs(**fields["moe"])
        if "vision_encoder" in fields:
            fields["vision_encoder"] = VisionEncoderArgs(**only(VisionEncoderArgs, fields["vision_encoder"]))
        with torch.device("meta"):
            model = Transformer(TransformerArgs(**fields))
        answers.append({"label": label, "fields": params, **described(model)})
    return {"library": f"mistral-inference {importlib.metadata.version('mistral-inference')}", "answers": answers}


def main() -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for name, answers in (("litgpt", litgpt_answers), ("meta", meta_answers), ("mistral", mistral_answers)):
        recorded = answers()
        text = json.dumps(recorded, separators=(",", ":"))
        (FIXTURES / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
        print(f"{name}: {recorded['library']}, {len(recorded['answers'])} models")


if __name__ == "__main__":
    main()
