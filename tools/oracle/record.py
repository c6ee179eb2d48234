"""Asks the libraries themselves what their models consist of, and writes the answers down as test fixtures.

Every class of every file under cases/ is instantiated on the meta device (no memory, no weights) for every config there.
Recorded: names and shapes of the state dict, groups of names that share memory, the parameter count, and what the
library's own cache object keeps per layer after a forward pass of a few tokens.

    record.py [NAME…]    all cases, or those of the named files; prints what changed against the last recording
"""

from __future__ import annotations

import gzip
import json
import sys
import warnings
from pathlib import Path

import diffusers
import torch
import transformers

import class_defaults
from collapse import collapse

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FIXTURES = ROOT / "test" / "fixtures" / "oracle"
DTYPES = {torch.int64: "i64", torch.int32: "i32", torch.bool: "bool", torch.uint8: "u8", torch.bfloat16: "bf16", torch.float16: "f16"}

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()


def state_of(model) -> tuple[list[str], list[list[str]], int]:
    state = model.state_dict(keep_vars=True)
    entries, owners, parameters = [], {}, 0
    for name, tensor in state.items():
        kind = DTYPES.get(tensor.dtype, "")
        entries.append((name, json.dumps(list(tensor.shape), separators=(",", ":")) + (f" {kind}" if kind else "")))
        if id(tensor) not in owners and tensor.is_floating_point():
            parameters += tensor.numel()
        owners.setdefault(id(tensor), []).append(name)
    tied = sorted(sorted(names) for names in owners.values() if len(names) > 1)
    return collapse(entries), tied, parameters


def elements(states: dict) -> int:
    """Elements of the convolution or recurrent states of one layer, for one sequence."""
    return sum(state.numel() for state in states.values() if state is not None)


def cache_of(model, config) -> list[str] | None:
    """Per layer what the library's cache holds after three tokens: kind, key and value shape. None where it cannot run."""
    if not model.can_generate() or getattr(config, "is_encoder_decoder", False):
        return None
    try:
        with torch.no_grad():
            out = model(input_ids=torch.zeros((1, 3), dtype=torch.long, device="meta"), use_cache=True)
        lines = []
        cache = out["past_key_values"] if "past_key_values" in out else out["cache_params"]
        linear = getattr(cache, "linear_cache", [])  # MiniMax keeps the states of lightning attention beside the layers
        for index, layer in enumerate(list(cache.layers) + [None] * (len(linear) - len(cache.layers))):
            shape = lambda t: json.dumps(list(t.shape), separators=(",", ":")) if isinstance(t, torch.Tensor) else "-"
            window = getattr(layer, "sliding_window", None)
            kind = "window " + str(window) if window else "full"
            kept = f"{kind} {shape(getattr(layer, 'keys', None))} {shape(getattr(layer, 'values', None))}"
            if hasattr(layer, "compressed_kv"):  # DeepSeek-V4: tokens for one entry, elements of an entry, of the indexer's entry
                entries = {name: entry.shape[-1] for name, entry in layer.compressed_kv.items()}
                kept += f" compressed {layer.compress_rate} {entries['compressor']} {entries.get('indexer', 0)}"
            if hasattr(layer, "conv_states"):
                attends = isinstance(getattr(layer, "keys", None), torch.Tensor)
                kept = (kept if attends else "-") + f" conv {elements(layer.conv_states)} state {elements(layer.recurrent_states)}"
            elif kept == "full - -":
                state = linear[index] if index < len(linear) else None
                kept = f"- conv 0 state {state.numel()}" if isinstance(state, torch.Tensor) else "-"
            lines.append((str(index), kept))
        return collapse(lines)
    except Exception:  # noqa: BLE001 - some forward passes read values, which the meta device does not have
        return None


def make_config(cls, fields: dict):
    try:
        return cls.config_class(**json.loads(json.dumps(fields)))
    except Exception as error:
        raise SystemExit(f"{cls.__name__} cannot take {fields}: {error.__cause__ or error}") from error


def record_diffusers(case: dict) -> dict:
    """Parts of pipelines: a class of diffusers takes the fields of its config as arguments."""
    answers = []
    for class_name in case["classes"]:
        cls = getattr(diffusers, class_name)
        for label, fields in case["configs"].items():
            with torch.device("meta"):
                model = cls(**fields)
            tensors, tied, parameters = state_of(model)
            config = {"_class_name": class_name, **fields}
            answers.append({"class": class_name, "label": label, "config": config, "parameters": parameters, "tensors": tensors, "tied": tied})
    return {"library": f"diffusers {diffusers.__version__}", "modelType": case["modelType"], "answers": answers}


def record(case_file: Path) -> dict:
    case = json.loads(case_file.read_text(encoding="utf-8"))
    if case.get("library") == "diffusers":
        return record_diffusers(case)
    answers = []
    for class_name in case["classes"]:
        cls = getattr(transformers, class_name)
        for label, fields in case["configs"].items():
            config = make_config(cls, fields)
            config._attn_implementation = "eager"
            try:
                with torch.device("meta"):
                    model = cls(config)
            except ValueError as error:  # some classes refuse what others of the family take
                print(f"{class_name} refuses {label}: {error}")
                continue
            model.tie_weights()
            tensors, tied, parameters = state_of(model)
            answer = {
                "class": class_name,
                "label": label,
                "config": {"architectures": [class_name], "model_type": case["modelType"], **fields},
                "parameters": parameters,
                "tensors": tensors,
                "tied": tied,
            }
            cache = cache_of(model, config)
            if cache is not None:
                answer["cache"] = cache
            answers.append(answer)
    return {"library": f"transformers {transformers.__version__}", "modelType": case["modelType"], "answers": answers}


def save(path: Path, recorded: dict) -> None:
    text = json.dumps(recorded, separators=(",", ":"), sort_keys=False)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def changes(path: Path, recorded: dict) -> list[str]:
    """Readable difference to the last recording."""
    if not path.exists():
        return [f"{path.name}: new, {len(recorded['answers'])} answers"]
    old = {(a["class"], a["label"]): a for a in json.loads(gzip.decompress(path.read_bytes()))["answers"]}
    new = {(a["class"], a["label"]): a for a in recorded["answers"]}
    lines = [f"- {key}" for key in old.keys() - new.keys()] + [f"+ {key}" for key in new.keys() - old.keys()]
    for key in old.keys() & new.keys():
        for field in ("tensors", "cache"):
            before, after = old[key].get(field) or [], new[key].get(field) or []
            lines += [f"{key} - {line}" for line in before if line not in after]
            lines += [f"{key} + {line}" for line in after if line not in before]
        if old[key]["tied"] != new[key]["tied"]:
            lines.append(f"{key} tied {old[key]['tied']} -> {new[key]['tied']}")
    return lines


def write_list() -> None:
    """docs/architectures.md: every class that the fixtures hold."""
    rows = []
    for path in sorted(FIXTURES.glob("*.json.gz")):
        recorded = json.loads(gzip.decompress(path.read_bytes()))
        counts: dict[str, int] = {}
        for answer in recorded["answers"]:
            counts[answer["class"]] = counts.get(answer["class"], 0) + 1
        rows += [(name, recorded["modelType"], recorded["library"], count) for name, count in counts.items()]
    families = len(rows)
    generated = FIXTURES / "generated" / "all.json.gz"
    for recorded in json.loads(gzip.decompress(generated.read_bytes())) if generated.exists() else []:
        counts = {}
        for answer in recorded["answers"]:
            counts[answer["class"]] = counts.get(answer["class"], 0) + 1
        rows += [(name, recorded["modelType"], f"{recorded['library']}, generated", count) for name, count in counts.items()]
    lines = [
        "# Architectures",
        "",
        "Written by `tools/oracle/run.sh`; do not edit. For each class, names and shapes of all tensors, what is tied and the",
        "parameter count were recorded from the library that defines it, and the tests hold ours equal to them.",
        "",
        f"{len(rows)} classes: {families} spelled out in a family file, {len(rows) - families} generated. For a generated one, expressions in the fields of",
        "its config were found by instantiating it many times (`tools/oracle/run.sh table`), and were then held to configs that they were",
        "not found with.",
        "",
        "| class | model_type | library | configs |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| {name} | {model_type} | {library} | {count} |" for name, model_type, library, count in sorted(rows)]
    (ROOT / "docs" / "architectures.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(names: list[str]) -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    files = sorted((HERE / "cases").glob("*.json"))
    model_types = [json.loads(file.read_text(encoding="utf-8"))["modelType"] for file in files]
    class_defaults.write(model_types, ROOT / "src" / "core" / "model" / "classDefaults.generated.ts")
    for file in files:
        if names and file.stem not in names:
            continue
        recorded = record(file)
        target = FIXTURES / f"{file.stem}.json.gz"
        for line in changes(target, recorded):
            print(line)
        save(target, recorded)
    write_list()


if __name__ == "__main__":
    main(sys.argv[1:])
