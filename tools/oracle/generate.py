"""Writes the table of architectures that no family file spells out: src/core/model/generated/table.generated.ts.

    generate.py [MODEL_TYPE…]    all model types, or those named (the table is then only extended)

For each class of transformers that is not known otherwise, symbolic.py finds how its state dict follows from its config.
Classes within a class (a base model, a tower) become references. The answers for other configs than those that the
expressions were found with are recorded as fixtures, so that the tests hold the table to the library.
"""

from __future__ import annotations

import collections
import gzip
import inspect
import itertools
import json
import multiprocessing
import random
import re
import signal
import sys
import warnings
from pathlib import Path

import torch
import transformers
from transformers import PreTrainedModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

import symbolic
from record import FIXTURES, ROOT, cache_of, state_of
from symbolic import GivenUp, Instance, LAYERS, condition, declared, fit, instantiate, overrides

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()

SECONDS = 120
# Fields of a part that decide on nothing outside of it.
INNER = re.compile(r"intermediate|num_hidden_layers|num_attention_heads|key_value|max_position|rope|window|expert|head_dim|conv_|groups|mlp|ffn|dropout")
IGNORED = re.compile(r"seed|_std$|_scale$|scale_|threshold|weight_decay|max_length|min_length|top_k|num_beams|temperature|sampling_rate|hop_length")


class Late(BaseException):
    """The time for one class is over."""


# Fields without which the class has no default instance; real sizes.
HINTS: dict[str, dict] = json.loads((Path(__file__).resolve().parent / "hints.json").read_text(encoding="utf-8"))


class Sample:
    def __init__(self, changes, env, instance, parts):
        self.changes, self.env = changes, env
        own = {n: s for n, s in instance.shapes.items() if not any(n.startswith(p + ".") for p in parts)}
        self.shapes, self.dtypes, self.kinds = own, instance.dtypes, instance.kinds
        inside = lambda n: next((p for p in parts if n.startswith(p + ".")), None)
        self.ties = {n: o for n, o in instance.ties.items() if inside(n) is None or inside(n) != inside(o)}

    def same(self, other) -> bool:
        return self.shapes == other.shapes and self.ties == other.ties


class Class:
    """One class of the library under probing."""

    def __init__(self, cls, public):
        self.cls, self.public = cls, public
        self.config_class = cls.config_class
        self.random = random.Random(7)
        self.parts: dict[str, dict] = {}
        hints = HINTS.get(self.config_class.model_type, {})
        self.fields, self.sections = declared(self.config_class, self.config_class(**hints))
        self.base_changes = {p: v for n, value in hints.items() for p, v in symbolic.leaves(n, value).items() if not p.endswith(".length") and not isinstance(v, dict)}
        self.fields.update({p: None for p in self.base_changes if p not in self.fields})
        self.base_changes = self.shallow()
        model, config = self.build(self.base_changes)
        self.fields["num_labels"] = config.num_labels
        self.parts = self.references(model, config)
        self.base = self.sample(self.base_changes, model)
        self.samples = [self.base]

    # -- samples

    def build(self, changes):
        return instantiate(self.cls, deep(HINTS.get(self.config_class.model_type, {}), overrides(changes, self.fields, self.sections)))

    def sample(self, changes, model=None) -> Sample:
        if model is None:
            model, _ = self.build(changes)
        return Sample(changes, {**self.fields, **changes}, Instance(model), self.parts)

    def attempt(self, changes) -> Sample | None:
        try:
            return self.sample(changes)
        except GivenUp:
            return None
        except BaseException as error:  # noqa: BLE001 - a value that the class refuses
            if isinstance(error, (KeyboardInterrupt, Late)):
                raise
            return None

    def shallow(self) -> dict:
        changes = dict(self.base_changes)
        for path, value in self.fields.items():
            if isinstance(value, int) and not isinstance(value, bool) and 4 < value < 200 and LAYERS.search(path):
                trial = {**changes, path: 3}
                try:
                    self.build(trial)
                    changes = trial
                except Exception:  # noqa: BLE001
                    continue
        return changes

    # -- classes within the class

    def references(self, model, config) -> dict[str, dict]:
        found: dict[str, dict] = {}
        state = set(model.state_dict().keys())
        for name, module in model.named_modules():
            if not name or not isinstance(module, PreTrainedModel) or any(name.startswith(p + ".") or name == p for p in found):
                continue
            kind = type(module).__name__
            if kind not in self.public:
                continue
            section = None
            if module.config is config:
                section = ""
            else:
                for key in self.sections:
                    if getattr(config, key, None) is module.config:
                        section = key
            if section is None or kind == type(model).__name__:
                continue
            try:
                inner = copy_config(module.config)
                with symbolic.no_init_weights(), torch.device("meta"):
                    alone = type(module)(inner)
                alone.tie_weights()
            except Exception:  # noqa: BLE001
                continue
            whole = {n: tuple(t.shape) for n, t in alone.state_dict().items()}
            here = {n: tuple(t.shape) for n, t in module.state_dict().items()}
            if any(whole.get(n) != s for n, s in here.items()) or not here:
                continue
            missing = [n for n in whole if n not in here]
            omit = sorted({n.split(".")[0] for n in missing})
            if any(n.split(".")[0] in omit for n in here) or not all(f"{name}.{n}" in state for n in here):
                continue
            found[name] = {"class": kind, "section": section, "type": getattr(module.config, "model_type", ""), "omit": omit}
        return found

    # -- probing

    def ints(self) -> list[str]:
        inner = [part["section"] for part in self.parts.values() if part["section"]]
        names = []
        for path, value in {**self.fields, **self.base_changes}.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or path.endswith(".length") or IGNORED.search(path):
                continue
            if isinstance(value, float) and not re.search(r"ratio|expan|factor|mult", path):
                continue
            if any(path.startswith(section + ".") for section in inner) and INNER.search(path):
                continue
            names.append(path)
        return names

    def probe(self) -> None:
        self.valid: dict[str, list] = {}
        base_env = self.base.env
        for path in self.ints():
            value = base_env[path]
            trials = [value * 2, value * 3, value + 1, value + 2] if isinstance(value, int) else [value * 2, value * 1.5]
            if isinstance(value, int) and value % 2 == 0 and value > 2:
                trials.append(value // 2)
            if LAYERS.search(path):
                trials = [value + 1, value + 2]
            kept = []
            changed = False
            for trial in trials:
                if trial == value or trial > 4_000_000:
                    continue
                sample = self.attempt({**self.base_changes, path: trial})
                if sample is None:
                    continue
                if sample.same(self.base):
                    break
                changed = True
                kept.append(trial)
                self.samples.append(sample)
                if len(kept) == 3:
                    break
            if changed:
                self.valid[path] = kept
        self.switches: dict[str, list] = {}
        inner = [part["section"] for part in self.parts.values()]
        for path, value in self.fields.items():
            if any(section and path.startswith(section + ".") for section in inner):
                continue
            if isinstance(value, bool):
                sample = self.attempt({**self.base_changes, path: not value})
                if sample is not None and not sample.same(self.base):
                    self.switches[path] = [not value]
                    self.samples.append(sample)
        for path, options in self.words().items():
            if any(section and path.startswith(section + ".") for section in inner):
                continue
            for option in options:
                sample = self.attempt({**self.base_changes, path: option}) if option != self.base.env.get(path) else None
                if sample is not None and not sample.same(self.base):
                    self.switches.setdefault(path, []).append(option)
                    self.samples.append(sample)
        self.derived: dict[str, str] = {}
        self.optional()
        self.behind_switches()

    def words(self) -> dict[str, list[str]]:
        """Words that the source compares a field with."""
        text = Path(inspect.getfile(self.cls)).read_text(encoding="utf-8")
        out: dict[str, list[str]] = {}
        for name, given in re.findall(r"config\.(\w+)\s*(?:==|!=|in|not in)\s*[\[(]?\s*((?:[\"'][\w-]+[\"'],?\s*)+)", text):
            if name in self.fields and (self.fields[name] is None or isinstance(self.fields[name], str)):
                out.setdefault(name, []).extend(re.findall(r"[\"']([\w-]+)[\"']", given))
        return {name: list(dict.fromkeys(options))[:6] for name, options in out.items()}

    def behind_switches(self) -> None:
        """Fields that matter only where a switch adds modules."""
        for path, values in list(self.switches.items()):
            changes = {**self.base_changes, path: values[0]}
            on = self.attempt(changes)
            if on is None or not set(on.shapes) - set(self.base.shapes):
                continue
            for name in self.ints():
                if name in self.valid:
                    continue
                value = self.base.env[name]
                trials = [value + 1, value + 2] if LAYERS.search(name) else [value * 2, value * 3]
                kept = []
                for trial in trials:
                    sample = self.attempt({**changes, name: trial}) if trial != value else None
                    if sample is None:
                        continue
                    if sample.same(on):
                        break
                    kept.append(trial)
                    self.samples.append(sample)
                if kept:
                    self.valid[name] = kept

    def optional(self) -> None:
        """Fields that are null unless given: what the class takes instead."""
        ints = [p for p, v in self.base.env.items() if isinstance(v, int) and not isinstance(v, bool) and "." not in p]
        for path, value in list(self.fields.items()):
            if value is not None or "." in path or IGNORED.search(path) or self.base.env.get(path) is not None:
                continue
            guesses = dict.fromkeys([8, 64, 256] + [self.base.env[n] // 2 for n in ints if re.search(r"head|hidden|dim|inter", n)])
            given = []
            for guess in guesses:
                if guess <= 0:
                    continue
                sample = self.attempt({**self.base_changes, path: guess})
                if sample is not None and not sample.same(self.base):
                    given.append((guess, sample))
                if len(given) == 2:
                    break
            if not given:
                continue
            rule = self.rule_for(path)
            if rule is None:
                self.switches[path] = [guess for guess, _ in given]
            else:
                self.derived[path] = rule
                self.valid[path] = [guess for guess, _ in given]
            self.samples += [sample for _, sample in given]

    def rule_for(self, path: str) -> str | None:
        """`hidden_size*4` when giving the field that value changes nothing, also where other fields are changed."""
        others = [{}]
        for name, values in self.valid.items():
            others += [{name: v} for v in values[:1]]
        ints = [p for p, v in self.base.env.items() if isinstance(v, int) and not isinstance(v, bool) and "." not in p and v > 1]
        ints.sort(key=lambda n: (0 if re.search(r"head|hidden|d_model|embd|inter", n) else 1))
        candidates = [n for n in ints] + [f"{a}//{b}" for a in ints[:8] for b in ints[:8] if a != b and "head" in b] + [f"{k}*{n}" for n in ints[:6] for k in (2, 4, 3)]
        tried = set()
        for text in candidates:
            values = evaluate(text, self.base.env)
            if values is None or values <= 0:
                continue
            key = values
            if (key, text) in tried:
                continue
            tried.add((key, text))
            first = self.attempt({**self.base_changes, path: values})
            if first is None or not first.same(self.base):
                continue
            good = True
            for other in others[1:12]:
                plain = self.attempt({**self.base_changes, **other})
                if plain is None:
                    continue
                value = evaluate(text, plain.env)
                with_value = self.attempt({**self.base_changes, **other, path: value})
                if with_value is None or not with_value.same(plain):
                    good = False
                    break
            if good:
                return text
        return None

    def joint(self, count: int, flags: bool, without=()) -> list[Sample]:
        out = []
        for _ in range(count * 6):
            if len(out) == count:
                break
            changes = dict(self.base_changes)
            for path, values in self.valid.items():
                if path not in without and self.random.random() < 0.45:
                    changes[path] = self.random.choice(values)
            if _ % 2 == 0:
                # Also what did not seem to matter: if it does after all, the class is given up instead of wrong.
                for path in self.ints():
                    value = self.base.env[path]
                    if path not in self.valid and isinstance(value, int) and self.random.random() < 0.3:
                        changes[path] = trial_value(path, value)
            if flags:
                for path, values in self.switches.items():
                    if path not in without and self.random.random() < 0.35:
                        changes[path] = self.random.choice(values)
            sample = self.attempt(changes)
            if sample is not None:
                out.append(sample)
        return out

    def hidden_fields(self) -> None:
        """Fields that matter only beside certain values of others: changed all together, then one by one where that shows."""
        rest = [p for p in self.ints() if p not in self.valid]
        bases = [s.changes for s in self.samples if s is not self.base][:40]
        for changes in bases[:: max(1, len(bases) // 12)]:
            plain = self.attempt(changes)
            if plain is None:
                continue
            kept = {n: trial_value(n, self.base.env[n]) for n in rest if n not in self.valid and n not in changes and isinstance(self.base.env[n], int)}
            self.isolate(changes, plain, kept)

    def isolate(self, changes, plain, kept: dict) -> None:
        """Halves the changed fields until those are found that change something."""
        if not kept:
            return
        sample = self.attempt({**changes, **kept})
        if sample is not None and sample.same(plain):
            return
        if len(kept) == 1:
            if sample is None:
                return
            (name, value), = kept.items()
            self.valid[name] = [value]
            self.samples += [plain, sample]
            other = self.attempt({**changes, name: trial_value(name, value)})
            if other is not None and not other.same(plain):
                self.valid[name].append(trial_value(name, value))
                self.samples.append(other)
            return
        items = list(kept.items())
        self.isolate(changes, plain, dict(items[: len(items) // 2]))
        self.isolate(changes, plain, dict(items[len(items) // 2 :]))

    def deeper(self) -> None:
        """What only shows in more layers than a shallow instance has."""
        for path in [p for p in self.base_changes if LAYERS.search(p) and p in self.valid]:
            for depth in (7, 10):
                sample = self.attempt({**self.base_changes, path: depth})
                if sample is not None:
                    self.samples.append(sample)
        whole = self.attempt({p: v for p, v in self.base_changes.items() if not LAYERS.search(p)})
        if whole is not None and len(whole.shapes) < 20_000:
            self.samples.append(whole)

    def gather(self) -> None:
        self.probe()
        self.deeper()
        self.hidden_fields()
        self.samples += self.joint(8, False)
        for path, values in self.switches.items():
            for value in values[:2]:
                for _ in range(5):
                    changes = {**self.base_changes, path: value}
                    for name, options in self.valid.items():
                        if self.random.random() < 0.5:
                            changes[name] = self.random.choice(options)
                    sample = self.attempt(changes)
                    if sample is not None:
                        self.samples.append(sample)
        if self.switches:
            self.samples += self.joint(8, True)

    # -- inference

    def envs(self, samples):
        out = []
        for sample in samples:
            env = dict(sample.env)
            for path, rule in self.derived.items():
                if env.get(path) is None:
                    env[path] = evaluate(rule, env)
            out.append(env)
        return out

    def infer(self, without: set[str]) -> dict:
        samples = [s for s in self.samples if not any(s.env.get(f) != self.base.env.get(f) for f in without)]
        envs = self.envs(samples)
        self.relevant = [p for p in self.valid if p not in without]
        self.known: list[str] = []
        # Conditions read what the config itself says, so that null is null.
        raw = [s.env for s in samples]
        switches = [p for p in self.switches if p not in without]
        groups: dict[str, list[dict]] = collections.OrderedDict()
        for position, sample in enumerate(samples):
            for name, shape in sample.shapes.items():
                key = ".".join("#" if p.isdigit() else p for p in name.split("."))
                rows = groups.setdefault(key, [dict() for _ in samples])
                rows[position][tuple(int(p) for p in name.split(".") if p.isdigit())] = shape
        tensors = []
        for key, rows in groups.items():
            tensors += self.resolve(key.split("."), rows, samples, envs, raw, switches, 0)
        ties = self.infer_ties(samples, envs, raw, switches)
        return {"tensors": tensors, "ties": ties}

    def resolve(self, parts, rows, samples, envs, raw, switches, start) -> list[list]:
        position = next((i for i in range(start, len(parts)) if parts[i] == "#"), None)
        if position is None:
            return [self.leaf(parts, rows, samples, envs, raw, switches)]
        try:
            return self.repeated(parts, rows, samples, envs, raw, switches, position)
        except GivenUp:
            # A few numbered modules of their own, each there under its own condition.
            order = sum(1 for p in parts[:position] if p == "#")
            values = sorted({index[order] for row in rows for index in row})
            if len(values) > 8 or any(p.startswith("{") for p in parts):
                raise
            return self.literal(parts, rows, samples, envs, raw, switches, position, order, values)

    def literal(self, parts, rows, samples, envs, raw, switches, position, order, values):
        out = []
        for value in values:
            narrowed = [{i[:order] + i[order + 1 :]: s for i, s in row.items() if i[order] == value} for row in rows]
            out += self.resolve(parts[:position] + [str(value)] + parts[position + 1 :], narrowed, samples, envs, raw, switches, position + 1)
        return out

    def repeated(self, parts, rows, samples, envs, raw, switches, position) -> list[list]:
        order = sum(1 for p in parts[:position] if p == "#")
        sets = [frozenset(index[order] for index in row) for row in rows]
        present = [s for s in sets if s]
        if len(set(present)) == 1:
            return self.literal(parts, rows, samples, envs, raw, switches, position, order, sorted(present[0]))
        shapes = [{(i[order], i[order + 1 :], i[:order]): s for i, s in row.items()} for row in rows]
        uniform = all(len({s for (_, rest, _), s in row.items() if rest == r}) <= 1 for row in shapes for r in {k[1] for k in row})
        if not uniform:
            return self.split(parts, rows, samples, envs, raw, switches, position, order)
        points_low, points_high = [], []
        for env, values in zip(envs, sets):
            if not values:
                continue
            if len(values) != max(values) - min(values) + 1:
                return self.strided(parts, rows, sets, samples, envs, raw, switches, position, order)
            points_low.append((env, min(values)))
            points_high.append((env, max(values) + 1))
        low, high = self.expression(points_low), self.expression(points_high)
        if low is None or high is None:
            raise GivenUp(f"{'.'.join(parts)}: number of layers")
        narrowed = []
        for row, values in zip(rows, sets):
            first = min(values) if values else 0
            rest = {i[:order] + i[order + 1 :] for i in row}
            if values and any(i[:order] + (v,) + i[order:] not in row for i in rest for v in values):
                raise GivenUp(f"{'.'.join(parts)}: nested layers of several kinds")
            narrowed.append({i[:order] + i[order + 1 :]: s for i, s in row.items() if i[order] == first})
        return self.resolve(parts[:position] + ["{" + f"{low}:{high}" + "}"] + parts[position + 1 :], narrowed, samples, envs, raw, switches, position + 1)

    def strided(self, parts, rows, sets, samples, envs, raw, switches, position, order):
        """Every n-th layer, or all but every n-th."""
        tops = [p for p in self.relevant if LAYERS.search(p)]
        steps = [p for p in self.relevant if re.search(r"step|freq|interval|every|pattern|period|stride|frequency", p)] + [str(n) for n in range(2, 9)]
        for top, step in itertools.product(tops, steps):
            for rest in ("0", f"{step} + -1" if not step.isdigit() else str(int(step) - 1), "1", "2", "3"):
                for sign in ("=", "!"):
                    good = True
                    for env, values in zip(envs, sets):
                        every = evaluate(step, env)
                        if not every or env.get(top) is None:
                            good = False
                            break
                        wanted = {i for i in range(env[top]) if (i % every == evaluate(rest, env)) == (sign == "=")}
                        if set(values) != wanted and values:
                            good = False
                            break
                    if not good:
                        continue
                    narrowed = []
                    for row, values in zip(rows, sets):
                        first = min(values) if values else 0
                        narrowed.append({i[:order] + i[order + 1 :]: s for i, s in row.items() if i[order] == first})
                    span = "{" + f"0:{top}:{step}{sign}{rest}" + "}"
                    return self.resolve(parts[:position] + [span] + parts[position + 1 :], narrowed, samples, envs, raw, switches, position + 1)
        raise GivenUp(f"{'.'.join(parts)}: layers of several kinds")

    def split(self, parts, rows, samples, envs, raw, switches, position, order):
        """First or last layer unlike the others."""
        for pick in (min, max):
            edge, rest = [], []
            for row in rows:
                values = {i[order] for i in row}
                chosen = pick(values) if values else None
                edge.append({i: s for i, s in row.items() if i[order] == chosen})
                rest.append({i: s for i, s in row.items() if i[order] != chosen})
            uniform = all(len({s for i, s in row.items() if i[order + 1 :] == r and i[:order] == l}) <= 1 for row in rest for r in {i[order + 1 :] for i in row} for l in {i[:order] for i in row})
            if uniform:
                return self.resolve(parts, edge, samples, envs, raw, switches, position) + self.resolve(parts, rest, samples, envs, raw, switches, position)
        raise GivenUp(f"{'.'.join(parts)}: shapes differ from layer to layer")

    def leaf(self, parts, rows, samples, envs, raw, switches):
        name = ".".join(parts)
        present = [bool(row) for row in rows]
        # A range that is empty says itself that nothing is there.
        spans = re.findall(r"\{([^{}]+)\}", name)
        empty = [any(not indices(span, env) for span in spans) for env in envs]
        judged = [i for i, nothing in enumerate(empty) if not (nothing and not present[i])]
        where = condition([raw[i] for i in judged], [present[i] for i in judged], switches + self.relevant)
        if where is None:
            raise GivenUp(f"{name}: when it is there")
        shapes = [(env, row[()]) for env, row in zip(envs, rows) if row]
        if len({len(s) for _, s in shapes}) != 1:
            raise GivenUp(f"{name}: number of dimensions")
        dims = []
        for axis in range(len(shapes[0][1])):
            text = self.expression([(env, shape[axis]) for env, shape in shapes])
            if text is None:
                raise GivenUp(f"{name}: dimension {axis} of {shapes[0][1]}")
            dims.append(text)
        example = next((s, r) for s, r in zip(samples, rows) if r)
        literal = next(n for n in example[0].shapes if matches(parts, n))
        return [name, role_of(literal, example[0].kinds[literal], len(dims)), example[0].kinds[literal], dims, where, example[0].dtypes[literal]]

    def expression(self, points):
        values = {v for _, v in points}
        if len(values) == 1:
            return str(values.pop())
        # Most dimensions are another tensor's too.
        for known in self.known:
            if all(evaluate(known, env) == value for env, value in points):
                return known
        found = self.new_expression(points)
        if found is not None:
            self.known.append(found)
        return found

    def new_expression(self, points):
        # What one field does by itself says which fields the value depends on.
        base_env = self.envs([self.base])[0]
        base_value = next((v for e, v in points if e == base_env), None)
        needed = []
        if base_value is not None:
            for env, value in points:
                changed = [p for p in self.relevant if env.get(p) != base_env.get(p)]
                direct = [p for p in changed if p not in self.derived or env.get(p) != evaluate(self.derived[p], env)]
                if len(direct) == 1 and value != base_value and direct[0] not in needed:
                    needed.append(direct[0])
            # A derived field carries what it is derived from.
            extra = [p for p in self.derived if p not in needed and any(n in self.derived[p] for n in needed)]
            for trial in ([needed] if needed else []) + [needed + extra]:
                if trial and len(trial) <= 6:
                    found = fit(points, trial)
                    if found is not None:
                        return found
        fields = self.relevant if len(self.relevant) <= 14 else [p for p in self.relevant if "." not in p][:14]
        for size in (1, 2, 3):
            for trial in itertools.combinations(fields, size):
                found = fit(points, list(trial))
                if found is not None:
                    return found
        return None

    def infer_ties(self, samples, envs, raw, switches):
        pairs: dict[tuple, list[set]] = collections.OrderedDict()
        for position, sample in enumerate(samples):
            for name, owner in sample.ties.items():
                key = (hashed(name), hashed(owner))
                pairs.setdefault(key, [set() for _ in samples])[position].add((numbers(name), numbers(owner)))
        out = []
        for (name, owner), rows in pairs.items():
            # A pair that is there whenever both tensors are needs no condition of its own.
            present = [bool(row) for row in rows]
            where = condition(raw, present, switches + self.relevant)
            if where is None:
                raise GivenUp(f"{name}: when it is tied")
            distinct = {frozenset(row) for row in rows if row}
            if len(distinct) == 1:
                for mine, theirs in sorted(next(iter(distinct))):
                    out.append([filled(name, mine), filled(owner, theirs), where])
                continue
            if name.count("#") != 1 or owner.count("#") > 1:
                raise GivenUp(f"{name}: tied layers")
            same = all(not t or m == t for row in rows for m, t in row)
            fixed = {t for row in rows for _, t in row}
            if not same and len(fixed) != 1:
                raise GivenUp(f"{name}: tied layers")
            points = [(env, {m[0] for m, _ in row}) for env, row in zip(envs, rows) if row]
            low = self.expression([(env, min(v)) for env, v in points])
            high = self.expression([(env, max(v) + 1) for env, v in points])
            if low is None or high is None or any(len(v) != max(v) - min(v) + 1 for _, v in points):
                raise GivenUp(f"{name}: tied layers")
            span = "{" + f"{low}:{high}" + "}"
            other = owner if not same or "#" not in owner else owner.replace("#", "{}")
            out.append([name.replace("#", span), filled(other, next(iter(fixed))) if "#" in other else other, where])
        return out

    def run(self) -> dict:
        self.gather()
        found, without = self.checked()
        self.without = without
        used = self.used(found)
        return {
            "class": self.cls.__name__,
            "type": self.config_class.model_type,
            "parts": [[prefix, p["class"], p["section"], p["omit"], p["type"]] for prefix, p in self.parts.items()],
            **found,
            "derived": {p: r for p, r in self.derived.items() if p in used},
            "requires": {p: self.fields.get(p) for p in without},
            "labels": self.fields["num_labels"],
            "sections": self.sections,
        }

    def used(self, found) -> set[str]:
        text = json.dumps(found)
        return {p for p in self.derived if p in text}

    def checked(self) -> tuple[dict, set[str]]:
        """Expressions that also give configs which they were not found with; those that they do not give are learnt from."""
        for _ in range(4):
            found, without = self.least_restricted()
            fresh = self.joint(8, True, without) + self.joint(2, False, without)
            wrong = [s for s in fresh if expanded(found, self.envs([s])[0], s.env) != s.shapes]
            if not wrong:
                return found, without
            self.samples += wrong
        raise GivenUp("other configs are not given right")

    def least_restricted(self) -> tuple[dict, set[str]]:
        """What holds for all switches; else for as few that must keep their default as possible."""
        first = None
        without = None
        for trial in (set(), set(self.switches), set(self.switches) | set(self.derived)):
            try:
                found, without = self.infer(trial), trial
                break
            except GivenUp as error:
                first = first or error
        if without is None:
            raise first
        for flag in sorted(without):
            try:
                found = self.infer(without - {flag})
                without = without - {flag}
            except GivenUp:
                continue
        return found, without


def holds(text: str, raw: dict) -> bool:
    def atom(word):
        name, sign, value = re.match(r"^([\w.]+)([=!])(.*)$", word).groups()
        return (json.dumps(raw.get(name)) == value) == (sign == "=")

    if not text:
        return True
    if " & " in text:
        return all(atom(word) for word in text.split(" & "))
    return any(atom(word) for word in text.split(" | "))


def indices(span: str, env: dict) -> list[int]:
    """Numbers of the layers that `low:high` or `low:high:step=rest` (`!rest`: all others) stands for."""
    low, high, *rule = span.split(":")
    numbers = range(evaluate(low, env) or 0, evaluate(high, env) or 0)
    if not rule:
        return list(numbers)
    step, sign, rest = re.match(r"^(.*?)([=!])(.*)$", rule[0]).groups()
    every, which = evaluate(step, env), evaluate(rest, env)
    return [i for i in numbers if every and (i % every == which) == (sign == "=")]


def pieces(name: str) -> list[str]:
    """Path components; a range is one, whatever stands in it."""
    return re.findall(r"\{[^}]*\}|[^.{}]+", name)


def expanded(found: dict, env: dict, raw: dict) -> dict:
    """Names and shapes that the expressions give."""
    out = {}
    for name, _, _, dims, where, _ in found["tensors"]:
        if not holds(where, raw):
            continue
        names = [""]
        for part in pieces(name):
            values = [str(i) for i in indices(part[1:-1], env)] if part.startswith("{") else [part]
            names = [f"{n}.{v}" if n else v for n in names for v in values]
        shape = tuple(evaluate(dim, env) for dim in dims)
        out.update({n: shape for n in names})
    return out


def deep(outer: dict, inner: dict) -> dict:
    """One set of arguments over another, nested ones merged."""
    out = dict(outer)
    for key, value in inner.items():
        out[key] = deep(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def trial_value(path: str, value: int) -> int:
    return value + 1 if LAYERS.search(path) or value == 0 else value * 2


def copy_config(config):
    import copy

    return copy.deepcopy(config)


def hashed(name: str) -> str:
    return ".".join("#" if p.isdigit() else p for p in name.split("."))


def numbers(name: str) -> tuple:
    return tuple(int(p) for p in name.split(".") if p.isdigit())


def filled(template: str, values: tuple) -> str:
    rest = list(values)
    return ".".join(str(rest.pop(0)) if p == "#" else p for p in template.split("."))


def matches(parts, name: str) -> bool:
    mine = name.split(".")
    return len(mine) == len(parts) and all(p == m or (p.startswith("{") and m.isdigit()) for p, m in zip(parts, mine))


TERM = re.compile(r"\(([^()]*)\)|[^*]+")


def evaluate(text: str, env: dict) -> int | None:
    """The value of an expression as symbolic.py writes it; None where a field has no number."""

    def atom(word):
        if re.fullmatch(r"-?\d+", word):
            return int(word)
        value = env.get(word)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def product(term):
        value = 1
        quotient = None
        if term.startswith("("):
            pieces = re.findall(r"\([^()]*\)|[^*()]+", term)
            result = 1
            for piece in pieces:
                inner = product(piece[1:-1]) if piece.startswith("(") else product(piece)
                if inner is None:
                    return None
                result *= inner
            return result
        up = re.match(r"^(.*)/\^(\d+)$", term)
        if up:
            inner = product(up.group(1))
            return None if inner is None else -(-inner // int(up.group(2)))
        if "//" in term:
            term, quotient = term.split("//")
        for word in term.split("*"):
            if word.startswith("("):
                number = product(word[1:-1])
            else:
                number = atom(word)
            if number is None:
                return None
            value = value * number
        value = int(value)
        if quotient is None:
            return value
        by = atom(quotient)
        return None if not by else value // by

    total = 0
    for term in text.split(" + "):
        # A coefficient before a bracketed or rounded term stands outside of it.
        lead = re.match(r"^(-?\d+)\*(.*(?:\(|//|/\^).*)$", term)
        value = product(lead.group(2)) if lead else product(term)
        if value is None:
            return None
        total += value * (int(lead.group(1)) if lead else 1)
    return total


ROLES = [
    (r"norm", "norm"),
    (r"^(q|query|q_proj|wq|Wq|q_lin|query_proj|to_q|q_linear|query_layer|q_a_proj|q_b_proj|query_dense)$", "q"),
    (r"^(k|key|k_proj|wk|Wk|k_lin|key_proj|to_k|k_linear|key_layer)$", "k"),
    (r"^(v|value|v_proj|wv|Wv|v_lin|value_proj|to_v|v_linear|value_layer)$", "v"),
    (r"^(qkv|qkv_proj|query_key_value|c_attn|wqkv|in_proj|W_pack|qkv_linear|Wqkv|att_proj)$", "qkv"),
    (r"^(gate_up_proj|w13|Wi|dense_h_to_4h_gate)$", "gateUp"),
    (r"^(gate_proj|wi_0|w1_gate)$", "gate"),
    (r"^(up_proj|fc1|fc_1|wi|wi_1|lin1|dense_h_to_4h|c_fc|linear1|fc_in|intermediate_dense|linear_1)$", "up"),
    (r"^(down_proj|fc2|fc_2|lin2|dense_4h_to_h|linear2|fc_out|output_dense|linear_2)$", "down"),
    (r"^(o_proj|out_proj|out_lin|o|wo_attn|to_out|attn_out)$", "o"),
    (r"^(lm_head|embed_out|output_projection|lm_head_decoder)$", "head"),
    (r"^(classifier|score|qa_outputs|cls_head|class_labels_classifier|logits_proj|out_head)$", "classifier"),
    (r"^(pooler)$", "pooler"),
    (r"^(router|gate)$", "router"),
]


def role_of(name: str, kind: str, dims: int) -> str:
    parts = [p for p in pieces(name) if not p.isdigit() and not p.startswith("{")]
    module = parts[-2] if parts[-1] in ("weight", "bias") and len(parts) > 1 else parts[-1]
    path = ".".join(parts)
    if kind == "norm":
        return "norm"
    if kind == "embedding":
        return "position" if re.search(r"position|token_type|segment|pos_emb|type_emb|x_pos|y_pos|h_pos|w_pos", path) else "embedding"
    if kind == "conv" and re.search(r"projector", path):
        return "projector"
    if kind == "experts":
        return "down" if "down" in module or module == "w2" else "gateUp" if "gate_up" in module else "up"
    if re.search(r"attention\.output\.dense", path):
        return "o"
    if re.search(r"(attn|attention|Attention)\.(c_proj|proj|dense|wo|output)", path):
        return "o"
    if re.search(r"intermediate\.dense|intermediate\.dense_act", path):
        return "up"
    if re.search(r"(DenseReluDense|mlp|layer|ffn)\.wo$|(DenseReluDense|mlp|ffn)\.wo\.", path) or re.search(r"(mlp|ffn)\.(c_proj|proj)", path):
        return "down"
    if re.search(r"output\.dense", path):
        return "down"
    if re.search(r"pooler", path):
        return "pooler"
    if re.search(r"projector|projection|embed_(vision|audio)", path) and kind == "linear":
        return "projector"
    for pattern, role in ROLES:
        if re.search(pattern, module):
            return role
    if re.search(r"position_embedding|pos_embed|positional", path):
        return "position"
    if re.search(r"predictions\.decoder|lm_head\.decoder|cls\.decoder", path):
        return "head"
    if re.search(r"A_log|dt_|ssm|conv1d|recurrent|lru", path):
        return "recurrent"
    return "other"


# ---------------------------------------------------------------- all classes


def candidates() -> dict[str, list[str]]:
    """Public classes with weights that no family file knows, by model type."""
    known = set()
    for path in FIXTURES.glob("*.json.gz"):
        known |= {answer["class"] for answer in json.loads(gzip.decompress(path.read_bytes()))["answers"]}
    out = collections.defaultdict(list)
    for name in dir(transformers):
        if name.endswith("PreTrainedModel") or "Pretrained" in name or name.startswith(("TF", "Flax", "Auto")) or name in known:
            continue
        try:
            cls = getattr(transformers, name)
        except Exception:  # noqa: BLE001 - needs a package that is not there
            continue
        if inspect.isclass(cls) and issubclass(cls, PreTrainedModel) and cls.__name__ == name:
            model_type = getattr(getattr(cls, "config_class", None), "model_type", "")
            if model_type:
                out[model_type].append(name)
    return dict(out)


def public_names() -> set[str]:
    names = set()
    for name in dir(transformers):
        if name[0].isupper() and not name.startswith(("TF", "Flax", "Auto")):
            names.add(name)
    return names


def work(item):
    model_type, names = item
    public = public_names()
    results = []
    for name in sorted(names, key=lambda n: (not n.endswith("Model"), n)):
        def late(*_):
            raise Late()

        signal.signal(signal.SIGPROF, late)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            probe = Class(getattr(transformers, name), public)
            found = probe.run()
            found["tests"] = tests_of(probe)
            results.append(("ok", name, found))
        except Late:
            results.append(("late", name, "takes too long"))
        except GivenUp as error:
            results.append(("given up", name, str(error)))
        except BaseException as error:  # noqa: BLE001
            results.append(("fails", name, f"{type(error).__name__}: {str(error)[:120]}"))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    return model_type, results


def tests_of(probe) -> list[dict]:
    """Answers of the library for the class's defaults and for configs that the expressions have not seen."""
    probe.random = random.Random(23)
    answers = []
    fresh = probe.joint(2, True, probe.without) + probe.joint(1, False, probe.without)
    for label, changes in [("defaults", {})] + [(f"mixed {i + 1}", s.changes) for i, s in enumerate(fresh)]:
        arguments = deep(HINTS.get(probe.config_class.model_type, {}), overrides(changes, probe.fields, probe.sections))
        try:
            model, config = instantiate(probe.cls, arguments)
        except Exception:  # noqa: BLE001
            continue
        tensors, tied, parameters = state_of(model)
        if len(json.dumps(tensors)) > 200_000:
            continue
        answer = {
            "class": probe.cls.__name__,
            "label": label,
            "config": {"architectures": [probe.cls.__name__], "model_type": probe.config_class.model_type, **arguments},
            "parameters": parameters,
            "tensors": tensors,
            "tied": tied,
        }
        cache = cache_of(model, config)
        if cache is not None:
            answer["cache"] = cache
        answers.append(answer)
    return answers


if __name__ == "__main__":
    wanted = set(sys.argv[2:])
    out = Path(sys.argv[1])
    found = candidates()
    items = [(t, n) for t, n in sorted(found.items()) if not wanted or t in wanted]
    order = {t: i for i, t in enumerate(sys.argv[2:])}
    items.sort(key=lambda item: order.get(item[0], 0))
    with multiprocessing.Pool(3, maxtasksperchild=4) as pool, out.open("a", encoding="utf-8") as file:
        for model_type, results in pool.imap_unordered(work, items, chunksize=1):
            for state, name, value in results:
                file.write(json.dumps([state, model_type, name, value]) + "\n")
                print(state, model_type, name, "" if state == "ok" else value, flush=True)
            file.flush()
