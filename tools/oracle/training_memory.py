"""Records what a training step keeps and peaks at, for small models of several families and ways of training.

The library's own classes run on fake tensors: shapes and lifetimes are real, no memory is taken and no device is needed. A dispatch
mode counts the bytes of live storages after every operation. Fused attention stands for the flash kernel, as it runs on a GPU. Output: one JSON document, the fixture of src/core/estimate's tests.

usage: ~/.cache/rooflens/oracle/venv/bin/python tools/oracle/training_memory.py (run.sh makes that environment); writes
test/fixtures/training-memory.json and names on standard error what could not be run.
"""

import contextlib
import gc
import json
import pathlib
import sys
import weakref

import torch

import transformers
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers.integrations import sdpa_attention


class Live(TorchDispatchMode):
    """Live bytes of storages, with the peak since the last reset."""

    def __init__(self):
        super().__init__()
        self.sizes = {}
        self.now = 0
        self.peak = 0

    def see(self, tensor):
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self.sizes:
            return
        size = storage.nbytes()
        self.sizes[key] = size
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self.gone, key)

    def gone(self, key):
        self.now -= self.sizes.pop(key, 0)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and leaf.device.type != "meta":
                self.see(leaf)
        return result

    def reset(self):
        self.peak = self.now


def flash(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False, **_):
    """scaled_dot_product_attention as a GPU runs it without a mask: the flash kernel with grouped heads."""
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    return GroupedFlash.apply(query, key, value)


class GroupedFlash(torch.autograd.Function):
    """Flash attention with grouped heads: keeps q, k, v, the result and its row sums, as the kernel's derivative does."""

    @staticmethod
    def forward(ctx, query, key, value):
        batch, heads, length, _ = query.shape
        dim = value.shape[-1]
        out = query.new_empty(batch, length, heads, dim).transpose(1, 2)
        sums = torch.empty(batch, heads, length, dtype=torch.float32, device=query.device)
        ctx.save_for_backward(query, key, value, out, sums)
        return out

    @staticmethod
    def backward(ctx, grad):
        query, key, value, out, sums = ctx.saved_tensors
        accumulator = torch.empty(query.shape, dtype=torch.float32, device=query.device)
        result = torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)
        del accumulator
        return result


torch.nn.functional.scaled_dot_product_attention = flash


class Dropout(torch.autograd.Function):
    """Dropout as a GPU runs it: the mask is kept with one byte an element."""

    @staticmethod
    def forward(ctx, value):
        ctx.save_for_backward(torch.empty(value.shape, dtype=torch.bool, device=value.device))
        return torch.empty_like(value)

    @staticmethod
    def backward(ctx, grad):
        (_,) = ctx.saved_tensors
        return torch.empty_like(grad)


def dropout(value, p=0.5, training=True, inplace=False):
    return Dropout.apply(value) if training and p > 0 else value


def in_fp32(function):
    """Autocast on a GPU runs these operations in fp32; on a CPU it does not."""

    def run(value, *args, **kwargs):
        return function(value.float() if torch.is_autocast_enabled("cpu") else value, *args, **kwargs)

    return run


torch.nn.functional.dropout = dropout
torch.nn.functional.softmax = in_fp32(torch.nn.functional.softmax)
torch.nn.functional.layer_norm = in_fp32(torch.nn.functional.layer_norm)

# On a GPU and without a mask the kernel gets grouped heads as they are.
sdpa_attention.use_gqa_in_sdpa = lambda *_: True


def config_of(family, **changes):
    sizes = dict(
        hidden_size=512,
        intermediate_size=1408,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=2,
        vocab_size=3001,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
        use_cache=False,
    )
    if family == "gpt2":
        config = transformers.GPT2Config(
            n_embd=512, n_layer=4, n_head=8, vocab_size=3001, n_positions=1024, use_cache=False
        )
    elif family == "bert":
        config = transformers.BertConfig(
            hidden_size=512, num_hidden_layers=4, num_attention_heads=8, intermediate_size=2048, vocab_size=3001
        )
    else:
        kinds = {
            "llama": transformers.LlamaConfig,
            "qwen2": transformers.Qwen2Config,
            "qwen3": transformers.Qwen3Config,
            "gemma2": transformers.Gemma2Config,
            "gemma3": transformers.Gemma3TextConfig,
            "phi3": transformers.Phi3Config,
            "olmo2": transformers.Olmo2Config,
            "stablelm": transformers.StableLmConfig,
            "gpt_neox": transformers.GPTNeoXConfig,
            "granite": transformers.GraniteConfig,
        }
        if family in ("qwen3", "gemma2", "gemma3"):
            sizes["head_dim"] = 64
        if family == "phi3":
            sizes["pad_token_id"] = 0
        if family == "gpt_neox":
            sizes.pop("num_key_value_heads")
        config = kinds[family](**sizes)
    for key, value in changes.items():
        setattr(config, key, value)
    return config


def step(case):
    """One training step, counted."""
    batch, length = case["batch"], case["sequence"]
    live = Live()
    # PEFT moves what it adds, which fake parameters do not survive: its cases run on real tensors.
    with contextlib.nullcontext() if case["lora"] else FakeTensorMode(allow_non_fake_inputs=True):
        config = config_of(case["family"], vocab_size=case["vocab"])
        config._attn_implementation = case["attention"]
        weights = {"bf16": torch.bfloat16, "fp32": torch.float32}[case["weights"]]
        kind = transformers.AutoModelForMaskedLM if case["family"] == "bert" else transformers.AutoModelForCausalLM
        model = kind.from_config(config, dtype=weights)
        model.train()
        if case["checkpointing"]:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if case["lora"]:
            from peft import LoraConfig, get_peft_model

            model = get_peft_model(
                model,
                LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=case["lora"], task_type="CAUSAL_LM"),
            )
            model.enable_input_require_grads()
        held = {t.untyped_storage()._cdata: t.untyped_storage() for t in [*model.parameters(), *model.buffers()]}
        static = sum(storage.nbytes() for storage in held.values())
        ids = torch.zeros(batch, length, dtype=torch.int64)
        live.sizes = dict.fromkeys(held, 0)
    with getattr(ids, "fake_mode", contextlib.nullcontext()), live:
        gc.collect()
        before = live.now
        live.reset()
        # No mask: what a full batch without padding gives the kernel.
        forward = lambda: model(input_ids=ids, labels=ids).loss
        if case["autocast"]:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = forward()
        else:
            loss = forward()
        forward_peak = live.peak - before
        gc.collect()
        kept = live.now - before
        live.reset()
        loss.backward()
        backward_peak = live.peak - before
        del loss
        gc.collect()
        gradients = sum(p.grad.nbytes for p in model.parameters() if p.grad is not None)
        left = live.now - before
        trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    plain = json.loads(config.to_json_string(use_diff=False))
    plain["architectures"] = [type(model.base_model.model if case["lora"] else model).__name__]
    plain["model_type"] = config.model_type
    return {
        **case,
        "config": {k: v for k, v in plain.items() if k in KEPT},
        "static": static,
        "kept": kept,
        "forwardPeak": forward_peak,
        "backwardPeak": backward_peak,
        "gradients": gradients,
        "left": left,
        "trainable": trainable,
    }


KEPT = {
    "architectures", "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "head_dim", "vocab_size", "max_position_embeddings", "tie_word_embeddings", "hidden_act",
    "hidden_activation", "n_embd", "n_layer", "n_head", "n_positions", "n_inner", "activation_function", "layer_types",
    "sliding_window", "final_logit_softcapping", "attn_logit_softcapping", "use_qkv_bias", "attention_bias", "query_pre_attn_scalar",
}


def cases():
    base = dict(batch=2, sequence=512, attention="sdpa", weights="bf16", autocast=False, checkpointing=False, lora=None, vocab=3001)
    for family in ("llama", "qwen2", "qwen3", "gemma3", "phi3", "olmo2", "stablelm", "gpt_neox", "granite", "gpt2", "bert"):
        yield dict(base, family=family)
    for family in ("llama", "qwen3", "gemma3", "gpt2", "bert"):
        yield dict(base, family=family, attention="eager")
        yield dict(base, family=family, weights="fp32")
        yield dict(base, family=family, weights="fp32", autocast=True)
        yield dict(base, family=family, checkpointing=True)
        yield dict(base, family=family, weights="fp32", autocast=True, checkpointing=True)
        # With few words the layers decide on the peak, not the loss.
        yield dict(base, family=family, checkpointing=True, vocab=67)
        yield dict(base, family=family, weights="fp32", autocast=True, checkpointing=True, vocab=67)
        yield dict(base, family=family, attention="eager", checkpointing=True, vocab=67)
        yield dict(base, family=family, vocab=67)
    yield dict(base, family="gemma2", attention="eager")
    yield dict(base, family="bert", weights="fp32", attention="eager")
    yield dict(base, family="bert", weights="fp32", attention="eager", autocast=True)
    everything = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    for family in ("llama", "qwen3"):
        for lora in (["q_proj", "v_proj"], everything):
            for checkpointing in (False, True):
                for autocast in (False, True):
                    yield dict(base, family=family, lora=lora, checkpointing=checkpointing, autocast=autocast, vocab=67)


if __name__ == "__main__":
    results = []
    for case in cases():
        try:
            results.append(step(case))
        except Exception as error:  # a family that cannot run on fake tensors is left out, and named
            print(case, repr(error)[:300], file=sys.stderr)
    versions = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}
    lines = ",\n".join(json.dumps(result, separators=(",", ":")) for result in results)
    fixture = pathlib.Path(__file__).parents[2] / "test" / "fixtures" / "training-memory.json"
    fixture.write_text(json.dumps(versions, separators=(",", ":"))[:-1] + f',"cases":[\n{lines}\n]}}\n')
