"""Asks PEFT which tensors its adapters save: test/fixtures/adapters.json.gz. Run with the Python of run.sh."""

from __future__ import annotations

import gzip
import json
import warnings
from pathlib import Path

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict

from collapse import collapse

warnings.filterwarnings("ignore")
FIXTURE = Path(__file__).resolve().parent.parent.parent / "test" / "fixtures" / "adapters.json.gz"

LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2}
GPT2 = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 101, "n_embd": 48, "n_layer": 2, "n_head": 3, "n_positions": 32}
PHI3 = {"architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "vocab_size": 100, "hidden_size": 64, "intermediate_size": 80, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "pad_token_id": 0}
BERT = {"architectures": ["BertForSequenceClassification"], "model_type": "bert", "vocab_size": 100, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
CASES = {
    "llama, queries and values": (LLAMA, {"r": 8, "target_modules": ["q_proj", "v_proj"]}),
    "llama, all linear": (LLAMA, {"r": 4, "target_modules": "all-linear"}),
    "llama, two layers": (LLAMA, {"r": 4, "target_modules": ["o_proj"], "layers_to_transform": [0, 2]}),
    "llama, ranks of their own": (LLAMA, {"r": 4, "target_modules": ["q_proj", "down_proj"], "rank_pattern": {"down_proj": 12}}),
    "llama, an expression": (LLAMA, {"r": 4, "target_modules": r".*layers\.[12]\.mlp\.(gate|up)_proj"}),
    "llama, left out": (LLAMA, {"r": 4, "target_modules": ["q_proj", "k_proj"], "exclude_modules": ["k_proj"]}),
    "llama, DoRA": (LLAMA, {"r": 4, "target_modules": ["k_proj", "up_proj"], "use_dora": True}),
    "llama, saved modules": (LLAMA, {"r": 4, "target_modules": ["q_proj"], "modules_to_save": ["lm_head", "embed_tokens"]}),
    "gpt2, fused": (GPT2, {"r": 8, "target_modules": ["c_attn"], "fan_in_fan_out": True}),
    "gpt2, two of one name": (GPT2, {"r": 2, "target_modules": ["c_proj"], "fan_in_fan_out": True}),
    "phi3, fused": (PHI3, {"r": 8, "target_modules": ["qkv_proj", "gate_up_proj"]}),
    "bert, with a classifier": (BERT, {"r": 8, "target_modules": ["query", "value"], "modules_to_save": ["classifier"], "task_type": "SEQ_CLS"}),
}


def main() -> None:
    answers = []
    for label, (fields, lora) in CASES.items():
        config = transformers.AutoConfig.for_model(**json.loads(json.dumps(fields)))
        with torch.device("meta"):
            model = get_peft_model(getattr(transformers, fields["architectures"][0])(config), LoraConfig(**lora), low_cpu_mem_usage=True)
        saved = get_peft_model_state_dict(model)
        tensors = collapse([(name, json.dumps(list(tensor.shape), separators=(",", ":"))) for name, tensor in saved.items()])
        answers.append({"label": label, "base": fields, "adapter": {"peft_type": "LORA", **lora}, "tensors": tensors})
    text = json.dumps({"library": f"peft {peft.__version__}", "answers": answers}, separators=(",", ":"))
    FIXTURE.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(f"adapters: peft {peft.__version__}, {len(answers)} adapters")


if __name__ == "__main__":
    main()
