"""How the state dict of a class follows from the fields of its config, found by instantiating it without memory.

Every field is changed by itself and several together. From what that does to names and shapes follow: which tensors there
are (and under which values of a switch), how often a layer is repeated, and each dimension as a sum of products and
quotients of fields. What does not come out as such an expression is not guessed: the class is given up, with the reason.
"""

from __future__ import annotations

import copy
import itertools
import json
import math
import random
import re
from fractions import Fraction

import torch
import transformers
from transformers import PreTrainedModel
from transformers.initialization import no_init_weights

import class_defaults

NUMBER = re.compile(r"^\d+$")
LAYERS = re.compile(r"(^|_)(num_)?(hidden_|attention_|transformer_|encoder_|decoder_)?(layers?|blocks|depth)$|^n_layers?$|_depth$|num_.*_layers$")
LARGEST = 60_000  # more tensors than that in a small config is no class for a table


class GivenUp(Exception):
    pass


# ---------------------------------------------------------------- configs


def leaves(prefix: str, value) -> dict:
    """Scalars of a field under dotted paths; a list of scalars has one path per entry."""
    if isinstance(value, (list, tuple)):
        out = {f"{prefix}.length": len(value)}
        if all(isinstance(item, (int, float, str, bool, type(None))) for item in value):
            out.update({f"{prefix}.{index}": item for index, item in enumerate(value)})
        return out
    if isinstance(value, dict):
        return {}
    return {prefix: value}


def declared(config_class, instance) -> tuple[dict, dict]:
    """Declared fields of a config class, and of its nested configs below their keys; the sections that an override must name.

    A nested config starts from what a default instance of the outer class gives it.
    """
    entry = class_defaults.defaults_of(config_class)
    fields, sections = {}, {}
    for name, value in entry["fields"].items():
        fields.update(leaves(name, value))
    for key, section in entry.get("sections", {}).items():
        inner = getattr(instance, key, None)
        if not isinstance(inner, transformers.PreTrainedConfig):
            continue
        plain = class_defaults.defaults_of(type(inner))["fields"]
        sub_fields, _ = declared(type(inner), inner)
        init = {}
        for name, value in plain.items():
            own = getattr(inner, name, value)
            ok, own = class_defaults.plain(own)
            if ok and own != value and value is not None and not isinstance(own, dict):
                init[name] = own
                sub_fields = {n: v for n, v in sub_fields.items() if n != name and not n.startswith(name + ".")}
                sub_fields.update(leaves(name, own))
        fields.update({f"{key}.{name}": value for name, value in sub_fields.items()})
        sections[key] = {**init, **({"model_type": inner.model_type} if inner.model_type else {})}
    return fields, sections


def overrides(changes: dict, base_fields: dict, sections: dict) -> dict:
    """Changed paths as the arguments of the config class."""
    out: dict = {}
    for path, value in changes.items():
        parts = path.split(".")
        target = out
        while len(parts) > 1 and parts[0] in sections:
            head = parts.pop(0)
            target = target.setdefault(head, copy.deepcopy(sections[head]))
        if len(parts) == 2 and NUMBER.match(parts[1]):
            whole = path[: -len(parts[1]) - 1]
            length = base_fields[f"{whole}.length"]
            items = target.get(parts[0])
            if not isinstance(items, list):
                items = [base_fields[f"{whole}.{index}"] for index in range(length)]
            items[int(parts[1])] = value
            target[parts[0]] = items
        else:
            target[parts[0]] = value
    return out


# ---------------------------------------------------------------- instances


class Instance:
    """Names, shapes, kinds and shared memory of one instantiated config."""

    def __init__(self, model):
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.dtypes: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        modules = dict(model.named_modules())
        owners: dict[int, str] = {}
        self.ties: dict[str, str] = {}
        state = model.state_dict(keep_vars=True)
        if len(state) > LARGEST:
            raise GivenUp("too many tensors")
        for name, tensor in state.items():
            self.shapes[name] = tuple(tensor.shape)
            self.dtypes[name] = {torch.int64: "i64", torch.int32: "i32", torch.bool: "bool", torch.uint8: "u8"}.get(tensor.dtype, "")
            parent, _, leaf = name.rpartition(".")
            self.kinds[name] = kind_of(modules.get(parent), tensor, leaf)
            first = owners.setdefault(id(tensor), name)
            if first != name:
                self.ties[name] = first


def kind_of(module, tensor, leaf: str) -> str:
    kind = type(module).__name__
    if not isinstance(tensor, torch.nn.Parameter):
        return "buffer"
    if isinstance(module, torch.nn.Linear):
        return "linear"
    if kind == "Conv1D":
        return "conv1d"
    if isinstance(module, (torch.nn.modules.conv._ConvNd,)):
        return "conv"
    if isinstance(module, torch.nn.Embedding):
        return "embedding"
    if "Norm" in kind and leaf in ("weight", "bias", "gamma", "beta") and tensor.dim() == 1:
        return "norm"
    if tensor.dim() == 3 and "xpert" in kind:
        return "experts"
    if leaf in ("weight", "bias") and "Linear" in kind:
        return "linear"
    return "parameter"


def instantiate(cls, arguments: dict):
    config = cls.config_class(**json.loads(json.dumps(arguments)))
    config._attn_implementation = "eager"
    with no_init_weights(), torch.device("meta"):
        model = cls(config)
    model.tie_weights()
    return model, config


# ---------------------------------------------------------------- expressions


def features(env: dict, fields: list[str], degree: int) -> dict[str, int]:
    """Values of products and quotients of the fields; the key is how they are written."""
    values = {}
    numbers = [(name, env[name]) for name in fields if isinstance(env.get(name), (int, float)) and not isinstance(env.get(name), bool)]
    ints = [(n, v) for n, v in numbers if isinstance(v, int)]
    floats = [(n, v) for n, v in numbers if isinstance(v, float)]
    for name, value in ints:
        values[name] = value
    for name, value in ints:
        for divisor in (2, 3, 4, 8, 16, 32):
            values[f"{name}//{divisor}"] = value // divisor
        values[f"{name}/^16"] = -(-value // 16)
    for (a, x), (b, y) in itertools.combinations_with_replacement(ints, 2):
        values[f"{a}*{b}"] = x * y
    for (a, x), (b, y) in itertools.permutations(ints, 2):
        if y != 0:
            values[f"{a}//{b}"] = x // y
    for (a, x), (b, r) in itertools.product(ints, floats):
        values[f"{a}*{b}"] = int(x * r)
    if degree > 2:
        for (a, x), (b, y), (c, z) in itertools.combinations_with_replacement(ints, 3):
            values[f"{a}*{b}*{c}"] = x * y * z
        for (a, x), (b, y) in itertools.combinations_with_replacement(ints, 2):
            for c, z in ints:
                if z != 0 and c not in (a, b):
                    values[f"{a}*{b}//{c}"] = x * y // z
        for (a, x), (b, y) in itertools.permutations(ints, 2):
            if y != 0:
                values[f"({a}//{b})*({a}//{b})"] = (x // y) ** 2
                values[f"({a}//{b})*{b}"] = x // y * y
                for c, z in ints:
                    if c not in (a, b):
                        values[f"({a}//{b})*{c}"] = x // y * z
                        for d, w in ints:
                            if w != 0 and d > b:
                                values[f"({a}//{b})*({c}//{d})"] = (x // y) * (z // w)
    return values


def solve(rows: list[list[int]], right: list[int]) -> list[Fraction] | None:
    """The only solution of an overdetermined system in exact numbers; None when there is none or several."""
    width = len(rows[0])
    matrix = [[Fraction(x) for x in row] + [Fraction(y)] for row, y in zip(rows, right)]
    rank = 0
    for column in range(width):
        pivot = next((r for r in range(rank, len(matrix)) if matrix[r][column] != 0), None)
        if pivot is None:
            return None
        matrix[rank], matrix[pivot] = matrix[pivot], matrix[rank]
        lead = matrix[rank][column]
        matrix[rank] = [x / lead for x in matrix[rank]]
        for r in range(len(matrix)):
            if r != rank and matrix[r][column] != 0:
                factor = matrix[r][column]
                matrix[r] = [x - factor * y for x, y in zip(matrix[r], matrix[rank])]
        rank += 1
    if any(row[width] != 0 for row in matrix[rank:]):
        return None
    return [matrix[r][width] for r in range(width)]


def written(terms: list[tuple[Fraction, str]], constant: Fraction) -> str | None:
    parts = []
    for factor, feature in terms:
        if factor.denominator != 1:
            return None
        if factor == 0:
            continue
        parts.append(feature if factor == 1 else f"{factor}*{feature}")
    if constant.denominator != 1:
        return None
    if constant != 0 or not parts:
        parts.append(str(constant))
    return " + ".join(parts)


def fit(points: list[tuple[dict, int]], fields: list[str]) -> str | None:
    """The simplest expression in the fields that gives every value; None when there is none."""
    values = [value for _, value in points]
    if len(set(values)) == 1:
        return str(values[0])
    distinct = {}
    for env, value in points:
        key = tuple((name, env.get(name)) for name in fields)
        if distinct.setdefault(key, (env, value))[1] != value:
            return None
    points = list(distinct.values())
    values = [value for _, value in points]
    tables = [features(env, fields, 3 if len(fields) <= 4 else 2) for env, _ in points]
    names = [name for name in tables[0] if all(name in table for table in tables)]
    names.sort(key=lambda name: (len(re.findall(r"[*/]", name)), len(name)))
    columns = {}
    for name in names:
        column = tuple(table[name] for table in tables)
        if len(set(column)) > 1 and column not in columns.values():
            columns[name] = column
    ordered = list(columns)
    for size in (1, 2, 3):
        if size == 3 and len(ordered) > 40:
            ordered = ordered[:40]
        if size == 2 and len(ordered) > 160:
            ordered = ordered[:160]
        for constant in (False, True):
            if len(points) < size + constant + 1:
                continue
            for chosen in itertools.combinations(ordered, size):
                if size == 1 and not constant:
                    first = columns[chosen[0]]
                    if any(f == 0 for f in first) or values[0] % first[0] != 0:
                        continue
                    factor = values[0] // first[0]
                    if factor > 0 and all(v == factor * f for v, f in zip(values, first)):
                        return written([(Fraction(factor), chosen[0])], Fraction(0))
                    continue
                rows = [[columns[name][i] for name in chosen] + ([1] if constant else []) for i in range(len(points))]
                found = solve(rows, values)
                if found is None:
                    continue
                text = written(list(zip(found, chosen)), found[-1] if constant else Fraction(0))
                if text is not None:
                    return text
    return None


# ---------------------------------------------------------------- conditions


def atoms(envs: list[dict], switches: list[str]) -> dict[str, list[bool]]:
    found = {}
    for name in switches:
        values = {json.dumps(env.get(name)) for env in envs}
        if len(values) < 2:
            continue
        for text in values:
            value = json.loads(text)
            if isinstance(value, float):
                continue
            if isinstance(value, int) and not isinstance(value, bool) and value > 1:
                continue
            found[f"{name}={text}"] = [json.dumps(env.get(name)) == text for env in envs]
            found[f"{name}!{text}"] = [json.dumps(env.get(name)) != text for env in envs]
    return found


def condition(envs: list[dict], present: list[bool], switches: list[str]) -> str | None:
    """`a=true`, `a=true & b!null` or `a=true | b=1` that is true exactly where the tensor is there."""
    if all(present):
        return ""
    table = atoms(envs, switches)
    for text, truth in table.items():
        if truth == present:
            return text
    for (a, x), (b, y) in itertools.combinations(table.items(), 2):
        if [p and q for p, q in zip(x, y)] == present:
            return f"{a} & {b}"
        if [p or q for p, q in zip(x, y)] == present:
            return f"{a} | {b}"
    return None
