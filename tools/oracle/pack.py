"""Packs what generate.py found into the table that the core reads, and its answers into a fixture.

    pack.py FOUND.jsonl [EXCLUDED…]

Left out are classes whose parts are not known, those named in excluded.json (with the reason) and those named here.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path

import transformers

import class_defaults
from generate import role_of
from record import FIXTURES, ROOT, write_list

HERE = Path(__file__).resolve().parent
KINDS = {"linear": "L", "conv1d": "T", "conv": "C", "embedding": "E", "norm": "N", "parameter": "P", "buffer": "B", "experts": "X"}
ROLES = {
    "embedding": "e", "position": "p", "q": "q", "k": "k", "v": "v", "qkv": "a", "o": "o", "gate": "g", "up": "u", "gateUp": "f",
    "down": "d", "router": "r", "norm": "n", "head": "h", "classifier": "c", "recurrent": "s", "projector": "j", "pooler": "l", "other": "x",
}  # fmt: skip
TARGET = ROOT / "src" / "core" / "model" / "generated" / "table.generated.ts"
FACTS = [
    "vocab_size", "hidden_size", "d_model", "n_embd", "dim", "embed_dim", "max_position_embeddings", "n_positions", "max_source_positions",
    "max_target_positions", "hidden_act", "activation_function", "hidden_activation", "num_attention_heads", "n_head", "n_heads", "num_heads",
    "attention_heads", "encoder_attention_heads", "decoder_attention_heads", "num_key_value_heads", "num_kv_heads", "head_dim", "is_encoder_decoder",
    "sliding_window", "layer_types", "num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "kv_lora_rank", "qk_rope_head_dim",
    "qk_nope_head_dim", "v_head_dim", "image_size", "patch_size", "num_mel_bins", "num_channels", "sampling_rate", "tie_word_embeddings", "is_decoder", "sliding_window_pattern",
]  # fmt: skip

# Fields of a section that the class sets from its other fields, whatever the section says.
GIVEN = json.loads((HERE / "given.json").read_text(encoding="utf-8"))

# Classes of which the library's cache could not be recorded and whose layers differ in kind.
UNVERIFIED = json.loads((HERE / "unverified.json").read_text(encoding="utf-8"))


def rows(tensors) -> list[str]:
    """A weight and its bias in one row where the bias is as wide as the weight's outputs."""
    biases = {t[0]: t for t in tensors if t[0].endswith(".bias")}
    used = {t[0][: -len("weight")] + "bias" for t in tensors if joined(t, biases)}
    out = []
    for tensor in tensors:
        name, _, kind, dims, where, dtype = tensor
        if name in used:
            continue
        role = role_of(name, kind, len(dims))
        code = KINDS[kind] + ROLES[role]
        if joined(tensor, biases):
            name, code = name[: -len(".weight")], code + "b"
        tail = [", ".join(dims), where, dtype]
        while len(tail) > 1 and not tail[-1]:
            tail.pop()
        out.append(" | ".join([f"{code} {name}", *tail]))
    return out


def given(config_class, key: str, model_type) -> dict:
    """What the class gives a section that is absent, where the section's own class would hold the same by another way."""
    spec = (config_class.sub_configs_defaults or {}).get(key)
    if spec is None or spec.model_type != model_type:
        return {}
    return {n: v for n, v in dict(spec.init_kwargs).items() if isinstance(v, (int, str)) and not class_defaults.NOISE.search(n)}


def always(config_class, model_type: str, key: str) -> bool:
    """Whether the class gives a section its values also where the config holds the section without them."""
    spec = (config_class.sub_configs_defaults or {}).get(key)
    init = {n: v for n, v in dict(spec.init_kwargs).items() if isinstance(v, int)} if spec is not None else {}
    if not init:
        return False
    hints = json.loads((HERE / "hints.json").read_text(encoding="utf-8")).get(model_type, {})
    try:
        whole = config_class(**{**hints, key: {"model_type": spec.model_type}})
    except Exception:  # noqa: BLE001
        return False
    plain = type(getattr(whole, key))()
    mine = {n: getattr(getattr(whole, key), n, None) for n in init}
    return mine == init and mine != {n: getattr(plain, n, None) for n in init}


def joined(tensor, biases) -> bool:
    """Whether a weight and its bias are one row."""
    name, _, kind, dims, where, dtype = tensor
    bias = biases.get(name[: -len("weight")] + "bias") if name.endswith(".weight") else None
    width = dims[1] if kind == "conv1d" and len(dims) > 1 else dims[0] if dims else None
    return bias is not None and bias[2] == kind and bias[3] == [width] and bias[4] == where and not dtype and not bias[5]


def task_of(name: str) -> str:
    cls = getattr(transformers, name)
    if re.search(r"ForCTC|ForRNNT|ForTDT|SpeechToText|SpeechSeq2Seq", name):
        return "transcribe"
    if cls.can_generate() and re.search(r"CausalLM|LMHead|Generation|Decoder|SpeechTo|TextTo|LM$", name):
        return "generate"
    if re.search(r"Classification|QuestionAnswering|MultipleChoice|TokenClass|Detection|Segmentation|Retrieval|Prediction$|XVector", name):
        return "classify"
    if getattr(cls, "main_input_name", "") == "pixel_values":
        return "vision"
    return "embed"


def window_of(name: str, tests):
    """`all`, or [every, which] when layers with that remainder are full and the others have a window."""
    kinds = {line.split(" ")[1] for test in tests for line in test.get("cache", [])}
    if "window" not in kinds:
        return None
    if kinds == {"window"}:
        return "all"
    config = getattr(transformers, name).config_class()
    full = [word == "full_attention" for word in getattr(config, "layer_types", None) or []]
    for every in range(2, 13):
        for which in range(every):
            if full and full == [index % every == which for index in range(len(full))]:
                return [every, which]
    return [1, 0]


def reaches(name: str, window, classes: dict, found: dict) -> None:
    """The layers of a class that generates, wherever they lie, look back alone and as far as its cache says."""
    if name not in classes:
        return
    classes[name]["causal"] = True
    if window is not None:
        classes[name]["window"] = window
    for _, part, section, *_ in found[name]["parts"]:
        if section == "" or re.search(r"text|decoder|llm|language|thinker|backbone", section):
            reaches(part, window, classes, found)


def mentioned(entry, section: str) -> set[str]:
    text = json.dumps([entry["tensors"], entry["ties"], entry["derived"], entry["requires"]])
    words = set(re.findall(r"[A-Za-z_][\w.]*", text))
    prefix = f"{section}." if section else ""
    return {w[len(prefix) :].split(".")[0] for w in words if w.startswith(prefix)}


def defaults(config_class, keep: set[str]) -> dict:
    entry = class_defaults.defaults_of(config_class)
    names = keep | set(FACTS)
    aliases = {a: n for a, n in entry.get("aliases", {}).items() if n in names or a in names}
    names |= set(aliases) | set(aliases.values())
    out = {"fields": {n: v for n, v in entry["fields"].items() if n in names}}
    if aliases:
        out["aliases"] = aliases
    return out


def sensible(config: dict) -> bool:
    """Heads that do not divide the width are refused by us and rounded by some classes; nobody has such a model."""
    hidden, heads = config.get("hidden_size"), config.get("num_attention_heads")
    fields = class_defaults.defaults_of(getattr(transformers, config["architectures"][0]).config_class)["fields"]
    hidden = hidden or fields.get("hidden_size")
    heads = heads or fields.get("num_attention_heads")
    return not isinstance(hidden, int) or not isinstance(heads, int) or not heads or hidden % heads == 0 or "head_dim" in fields


def known_by_families() -> set[str]:
    known = set()
    for path in FIXTURES.glob("*.json.gz"):
        known |= {answer["class"] for answer in json.loads(gzip.decompress(path.read_bytes()))["answers"]}
    return known


def main(source: Path, excluded: set[str]) -> None:
    reasons = json.loads((HERE / "excluded.json").read_text(encoding="utf-8"))
    excluded |= set(reasons)
    found: dict[str, dict] = {}
    for line in source.read_text(encoding="utf-8").splitlines():
        state, _, name, value = json.loads(line)
        if state != "ok" or name in excluded:
            found.pop(name, None)
            continue
        value["tests"] = [t for t in value["tests"] if sensible(t["config"])]
        if len(value["tests"]) >= 2:
            found[name] = value
    families = known_by_families()
    found = {n: v for n, v in found.items() if n not in families}
    while True:
        known = families | set(found)
        missing = [n for n, v in found.items() if any(p[1] not in known for p in v["parts"])]
        if not missing:
            break
        for name in missing:
            del found[name]
    strings: dict[str, int] = {}
    classes, types, fields = {}, {}, {}
    for name, value in sorted(found.items()):
        entry = {"type": value["type"], "task": task_of(name), "labels": value["labels"]}
        if value["parts"]:
            entry["parts"] = value["parts"]
        entry["rows"] = [strings.setdefault(row, len(strings)) for row in rows(value["tensors"])]
        if value["ties"]:
            entry["ties"] = value["ties"]
        for key in ("derived", "requires"):
            if value[key]:
                entry[key] = value[key]
        if name in UNVERIFIED:
            entry["assumed"] = UNVERIFIED[name]
        if value["type"] in GIVEN:
            entry["given"] = GIVEN[value["type"]]
        classes[name] = entry
        config_class = getattr(transformers, name).config_class
        outer = types.setdefault(value["type"], {"class": config_class, "keep": set(), "sections": {}})
        outer["keep"] |= mentioned(value, "")
        if any(section == "" and part in families for _, part, section, *_ in value["parts"]):
            outer["keep"] |= set(class_defaults.defaults_of(config_class)["fields"])
        for key, init in value["sections"].items():
            sections = outer["sections"].setdefault(key, {"init": {}, "keep": set()})
            sections["init"] = {**given(config_class, key, init.get("model_type")), **init}
            sections["keep"] |= mentioned(value, key)
    for name, value in sorted(found.items()):
        if classes[name]["task"] in ("generate", "transcribe"):
            reaches(name, window_of(name, value["tests"]), classes, found)
    # What a section's config class declares, for the fields that the outer class reads of it.
    for model_type, outer in list(types.items()):
        for key, section in outer["sections"].items():
            inner = getattr(outer["class"](**json.loads((HERE / "hints.json").read_text()).get(model_type, {})), key)
            one = types.setdefault(inner.model_type, {"class": type(inner), "keep": set(), "sections": {}})
            one["keep"] |= section["keep"]
    for model_type, outer in sorted(types.items()):
        if not model_type:
            continue
        made = defaults(outer["class"], outer["keep"])
        if outer["sections"]:
            made["sections"] = {
                key: {
                    "modelType": section["init"].get("model_type", ""),
                    "init": {n: v for n, v in section["init"].items() if n != "model_type" and (n in section["keep"] or n in FACTS or True)},
                    "optional": False,
                    **({"always": True} if always(outer["class"], model_type, key) else {}),
                }
                for key, section in outer["sections"].items()
            }
        fields[model_type] = made
    table = {"strings": list(strings), "classes": classes, "types": fields}
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=True)
    with TARGET.open("w", encoding="utf-8") as out:
        out.write(f"// Generated by tools/oracle/generate.py and pack.py from transformers {transformers.__version__}. Do not edit.\n\n")
        out.write("/** JSON: `strings` of the rows, `classes` by name, declared defaults by model type. */\n")
        out.write("export const generatedTable =\n  " + json.dumps(text) + ";\n")
    recordings = {}
    for name, value in sorted(found.items()):
        recordings.setdefault(value["type"], []).extend(value["tests"])
    out = [{"library": f"transformers {transformers.__version__}", "modelType": t, "answers": a} for t, a in sorted(recordings.items())]
    target = FIXTURES / "generated" / "all.json.gz"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(gzip.compress(json.dumps(out, separators=(",", ":")).encode(), compresslevel=9, mtime=0))
    write_list()
    print(f"{len(classes)} classes, {len(fields)} model types, {len(text)} characters, fixture {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), set(sys.argv[2:]))
