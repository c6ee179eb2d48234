"""Configs that nobody wrote, and what the library makes of them: the recorded ones with fields changed at random.

    differ.py SEED COUNT [NAME…]    COUNT configs of every file under cases/, or of the named ones; JSON lines to standard output

A config that the library refuses is left out. differ.mjs says where Rooflens reads one otherwise.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import sys

import diffusers
import torch
import transformers

from record import HERE

# Fields that change no tensor, or that have rules of their own between them.
LEFT = {
    "architectures", "model_type", "transformers_version", "_name_or_path", "dtype", "torch_dtype", "id2label", "label2id",
    "output_hidden_states", "output_attentions", "return_dict", "use_cache", "problem_type", "chunk_size_feed_forward",
    "is_encoder_decoder", "is_decoder", "initializer_range", "rope_parameters", "rope_scaling", "rope_theta",
}  # fmt: skip


def changeable(key: str) -> bool:
    return key not in LEFT and not key.endswith(("_token_id", "_token_index", "_eps")) and "dropout" not in key


def changed(rng: random.Random, key: str, value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        options = [value + 1, value * 2, max(1, value - 1), max(1, value // 2), value + 2, value * 3]
        return rng.choice(options) if value else rng.choice([0, 1, 2])
    if isinstance(value, list) and value and all(isinstance(item, (str, int)) for item in value):
        return rng.choice([rng.sample(value, len(value)), [rng.choice(value) for _ in value], None])
    if value is None and rng.random() < 0.3:
        return rng.choice([1, 2, 4, 8, True, False])
    if isinstance(value, str) and "act" in key:
        return rng.choice(["gelu", "silu", "relu", "gelu_new"])
    return value


def mutate(rng: random.Random, fields: dict) -> None:
    for _ in range(rng.choice([1, 1, 2, 3])):
        keys = [key for key in fields if changeable(key)]
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(fields[key], dict):
            mutate(rng, fields[key])
        elif rng.random() < 0.15:
            del fields[key]
        else:
            fields[key] = changed(rng, key, fields[key])


def declared(rng: random.Random, cls, fields: dict) -> dict:
    """Some of the fields that the class has besides, as a config that was saved would have them."""
    full = cls.config_class(**copy.deepcopy(fields)).to_dict()
    plain = [
        key
        for key, value in full.items()
        if key not in fields and changeable(key) and (value is None or isinstance(value, (bool, int, str)))
    ]
    return {key: full[key] for key in rng.sample(plain, min(len(plain), 6))}


def instantiate(cls, fields: dict):
    with torch.device("meta"):
        if issubclass(cls, diffusers.ModelMixin):
            return cls(**copy.deepcopy(fields))
        config = cls.config_class(**copy.deepcopy(fields))
        config._attn_implementation = "eager"
        model = cls(config)
    model.tie_weights()
    return model


def main(seed: int, count: int, names: list[str]) -> None:
    rng = random.Random(seed)
    for file in sorted((HERE / "cases").glob("*.json")):
        if names and file.stem not in names:
            continue
        case = json.loads(file.read_text(encoding="utf-8"))
        ours = case.get("library") == "diffusers"
        configs = case["configs"]
        small = [config for label, config in configs.items() if label.startswith("odd")] or list(configs.values())
        for _ in range(count):
            name = rng.choice(case["classes"])
            cls = getattr(diffusers if ours else transformers, name)
            fields = copy.deepcopy(rng.choice(small))
            # Whatever the library raises, it refuses.
            with contextlib.suppress(Exception):
                if not ours:
                    fields |= declared(rng, cls, fields)
                mutate(rng, fields)
                state = instantiate(cls, fields).state_dict(keep_vars=True)
                head = {"_class_name": name} if ours else {"architectures": [name], "model_type": case["modelType"]}
                parameters = {id(tensor): tensor.numel() for tensor in state.values() if tensor.is_floating_point()}
                shapes = {key: list(tensor.shape) for key, tensor in state.items()}
                answer = {"file": file.stem, "config": {**head, **fields}, "shapes": shapes}
                print(json.dumps({**answer, "parameters": sum(parameters.values())}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
