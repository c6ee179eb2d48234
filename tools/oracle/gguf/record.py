"""Asks llama.cpp what it makes of models, and writes the answers down as test fixtures.

    record.py [types] [models] [mixes]    without a word all of them, in this order

types   block sizes and file type numbers of the gguf package
models  every model of cases.json with random weights, written by transformers and converted by convert_hf_to_gguf's
        classes: names, shapes and types of the tensors, metadata, size of the file
mixes   those files through llama-quantize, every mix with and without an importance matrix: tensor types and the size
        of the file (models with "quantise": "real"), or the tensor types of --dry-run ("dry")
"""

from __future__ import annotations

import copy
import gzip
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parents[2] / "test" / "fixtures" / "gguf"
WORK = Path(tempfile.gettempdir()) / "rooflens-gguf-oracle"
LLAMA_CPP = os.environ["LLAMA_CPP"]
QUANTIZE = os.environ["LLAMA_QUANTIZE"]

# Classes whose published configs name the class of the model's own code.
PUBLISHED_AS = {"MptForCausalLM": "MPTForCausalLM", "PhimoeForCausalLM": "PhiMoEForCausalLM"}

MIXES = (
    "F32 F16 BF16 Q1_0 Q2_0 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q2_K_S Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M Q6_K "
    "IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ2_M IQ3_XXS IQ3_XS IQ3_S IQ3_M IQ4_NL IQ4_XS TQ1_0 TQ2_0 MXFP4_MOE"
).split()


def write(name: str, value) -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, separators=(",", ":"))
    if name.endswith(".gz"):
        (FIXTURES / name).write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        (FIXTURES / name).write_text(json.dumps(value, indent=1) + "\n")
    print(f"{name}: {(FIXTURES / name).stat().st_size} bytes")


def record_types() -> None:
    write(
        "ggmlTypes.json",
        {
            "source": f"gguf package of {LLAMA_CPP}",
            "types": {t.name: [t.value, *gguf.GGML_QUANT_SIZES[t]] for t in gguf.GGML_QUANT_SIZES},
            "fileTypes": {t.name: t.value for t in gguf.LlamaFileType if t.name != "GUESSED"},
        },
    )


def cases() -> dict:
    return json.loads((HERE / "cases.json").read_text())


def converted(name: str) -> Path:
    return WORK / f"{name}.gguf"


def without_vocabulary():
    """The converter's classes, told not to look for a tokenizer."""
    import conversion
    from conversion.base import ModelBase

    conversion.load_all_models()
    def none(self):
        self.gguf_writer.add_tokenizer_model("none")

    seen = set()
    for classes in ModelBase._model_classes.values():
        for found in classes.values():
            for cls in found.__mro__:
                if cls not in seen and "set_vocab" in vars(cls):
                    cls.set_vocab = none
                seen.add(cls)
    return ModelBase


def convert(name: str, config: dict, projector: bool) -> None:
    """
    Random weights in bfloat16 as transformers saves them, then the converter's own file in 16 bits: of the language
    model, or of the vision tower and projector.
    """
    import torch
    import transformers
    from conversion.base import ModelType, get_model_architecture

    base = without_vocabulary()
    original = base.load_hparams
    torch.manual_seed(0)
    loaded = transformers.CONFIG_MAPPING[config["model_type"]].from_dict(copy.deepcopy(config))
    cls = getattr(transformers, config["architectures"][0])
    folder = WORK / name
    with torch.device("cpu"):
        model = cls(loaded).to(torch.bfloat16)
    model.save_pretrained(folder)
    # As the config was given, not as the library completes it: that is what people have.
    (folder / "config.json").write_text(json.dumps({**config, "dtype": "bfloat16"}))
    # Some classes count the tokens of a tokenizer.json to drop rows that no token has.
    vocabulary = config.get("vocab_size") or config["text_config"]["vocab_size"]
    tokens = {str(token): token for token in range(vocabulary)}
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": tokens}, "added_tokens": []}))
    normal = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    (folder / "preprocessor_config.json").write_text(json.dumps(normal))
    # The converter completes the config with a library older than ours, which had not moved these keys yet.
    complete = base.load_hparams(folder, False)
    base.load_hparams = staticmethod(lambda *_, **__: {**complete, **config})
    with torch.inference_mode():
        kind = ModelType.MMPROJ if projector else ModelType.TEXT
        name_of_class = get_model_architecture(config, kind)
        found = base.from_model_architecture(PUBLISHED_AS.get(name_of_class, name_of_class), kind)
        # transformers has no layers for multi-token prediction.
        found.no_mtp = True
        found(folder, gguf.LlamaFileType.MOSTLY_F16, converted(name), model_name=name).write()
    base.load_hparams = original


def finite(value):
    """JSON has no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain(field: gguf.ReaderField):
    value = field.contents()
    value = [finite(item) for item in value] if isinstance(value, list) else finite(value)
    return value if not isinstance(value, list) or len(value) <= 512 else {"length": len(value)}


def header(path: Path) -> dict:
    reader = gguf.GGUFReader(path)
    return {
        "metadata": {
            key: plain(field)
            for key, field in reader.fields.items()
            if not key.startswith(("GGUF.", "general.name", "general.tags", "general.size_label"))
        },
        # torch's order of dimensions
        "tensors": [[t.name, [int(n) for n in reversed(t.shape)], t.tensor_type.name] for t in reader.tensors],
        "dataOffset": int(reader.data_offset),
        "fileBytes": path.stat().st_size,
    }


def record_models(only: list[str]) -> None:
    import transformers

    WORK.mkdir(exist_ok=True)
    models = {}
    for name, case in cases().items():
        if (only and name not in only) or (not only and converted(name).exists()):
            pass
        else:
            convert(name, case["config"], case.get("projector", False))
        if converted(name).exists():
            models[name] = {"config": case["config"], **header(converted(name))}
            print(name, len(models[name]["tensors"]), "tensors")
    write("models.json.gz", {"source": f"{LLAMA_CPP}, transformers {transformers.__version__}", "models": models})


def importance_matrix(path: Path, out: Path) -> None:
    """Made-up activations for every matrix, in the layout that llama-imatrix writes."""
    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(out, "")
    writer.add_type("imatrix")
    writer.add_array("imatrix.datasets", ["none"])
    writer.add_uint32("imatrix.chunk_count", 1)
    writer.add_uint32("imatrix.chunk_size", 512)
    for tensor in gguf.GGUFReader(path).tensors:
        shape = [int(n) for n in tensor.shape]
        if len(shape) < 2 or not tensor.name.endswith(".weight"):
            continue
        matrices = shape[2] if len(shape) > 2 else 1
        writer.add_tensor(f"{tensor.name}.in_sum2", rng.random((matrices, shape[0]), dtype=np.float32) + 0.1)
        writer.add_tensor(f"{tensor.name}.counts", np.ones((matrices, 1), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def packed(types: list[str]) -> dict:
    """The commonest type, and by the others the indices of the tensors that have them."""
    common = max(set(types), key=types.count)
    others: dict[str, list[int]] = {}
    for index, kind in enumerate(types):
        if kind != common:
            others.setdefault(kind, []).append(index)
    return {"most": common, "others": others}


DRY_LINE = re.compile(r"^\[ *\d+/ *\d+\] +(\S+) .*type = +(\w+), size = .*?(?:\((\w+)\))?$")
PRINTED = {"q2_K", "q3_K", "q4_K", "q5_K", "q6_K"}


def quantise(source: Path, mix: str, matrix: Path | None, real: bool):
    """What llama-quantize does: types by tensor, and the size of the file it wrote; or the line of its refusal."""
    out = WORK / "quantised.gguf"
    out.unlink(missing_ok=True)
    command = [QUANTIZE, *(["--imatrix", str(matrix)] if matrix else []), *([] if real else ["--dry-run"]), str(source)]
    command += [str(out)] if real else []
    done = subprocess.run([*command, mix, "2"], capture_output=True, text=True)
    log = done.stdout + done.stderr
    if done.returncode != 0:
        refused = re.search(r"failed to quantize: (.*)", log)
        return {"refused": refused.group(1) if refused else log.strip().splitlines()[-1]}
    order = {t.name: i for i, t in enumerate(gguf.GGUFReader(source).tensors)}
    kinds = [""] * len(order)
    if real:
        reader = gguf.GGUFReader(out)
        for tensor in reader.tensors:
            kinds[order[tensor.name]] = tensor.tensor_type.name
        return {"fileBytes": out.stat().st_size, **packed(kinds)}
    for line in log.splitlines():
        if found := DRY_LINE.match(line):
            kinds[order[found.group(1)]] = (found.group(3) or found.group(2)).upper()
    assert all(kinds), (source, mix, log[-2000:])
    return packed(kinds)


def record_mixes(only: list[str]) -> None:
    target = FIXTURES / "mixes.json.gz"
    runs = json.loads(gzip.decompress(target.read_bytes()))["runs"] if only and target.exists() else {}
    for name, case in cases().items():
        how = case.get("quantise")
        if how is None or (only and name not in only):
            continue
        matrix = WORK / f"{name}.imatrix.gguf"
        importance_matrix(converted(name), matrix)
        runs[name] = {}
        for mix in MIXES:
            runs[name][mix] = {
                key: quantise(converted(name), mix, file, how == "real")
                for key, file in (("plain", None), ("imatrix", matrix))
            }
        print(name, "done", flush=True)
    write("mixes.json.gz", {"source": LLAMA_CPP, "runs": runs})


def main() -> None:
    words = sys.argv[1:]
    steps = [w for w in words if w in ("types", "models", "mixes")] or ["types", "models", "mixes"]
    only = [w for w in words if w not in ("types", "models", "mixes")]
    if "types" in steps:
        record_types()
    if "models" in steps:
        record_models(only)
    if "mixes" in steps:
        record_mixes(only)


main()
