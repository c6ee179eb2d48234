"""Asks other tools what models consist of, and the library that defines the models for the truth.

    record.py CONFIGS PARSER    CONFIGS: what configs.mjs prints; PARSER: the built main.go

For every model the defining class is instantiated on the meta device. From it come the true figures and, as sparse files
(header only, no weights), a checkpoint in the layout that the library saves and the GGUF file that llama.cpp's converter makes
of it. hf-mem reads the checkpoint through an HTTP transport that answers in place of the hub; accelerate's
estimate-memory reads the config from a folder; gguf-parser-go reads the GGUF file. Each tool's own code counts.

Writes test/fixtures/oracle/peers.json.
"""

from __future__ import annotations

import asyncio
import copy
import importlib.metadata
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import accelerate.commands.estimate as accelerate_estimate
import gguf
import httpx2
import torch
import transformers
from conversion.base import ModelBase, ModelType, get_model_architecture
from hf_mem.run import arun
from transformers.core_model_loading import revert_weight_conversion
from transformers.modeling_utils import remove_tied_weights_from_state_dict

HERE = Path(__file__).resolve().parent
FIXTURE = HERE.parents[2] / "test" / "fixtures" / "oracle" / "peers.json"
WORK = Path(tempfile.gettempdir()) / "rooflens-peers"
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
NAMES = {
    torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32",
    torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip


def library_config(config: dict):
    fields = copy.deepcopy(config)
    if "torch_dtype" in fields:
        fields["dtype"] = fields.pop("torch_dtype")
    return transformers.CONFIG_MAPPING[config["model_type"]].from_dict(fields)


def instantiate(config: dict):
    """The class of the config on the meta device, in the config's dtype."""
    settings = library_config({key: value for key, value in config.items() if key != "quantization_config"})
    with torch.device("meta"):
        model = getattr(transformers, config["architectures"][0])._from_config(settings, dtype=dtype_of(config))
    model.tie_weights()
    return model


def dtype_of(config: dict) -> torch.dtype:
    return DTYPES[config.get("dtype") or config["torch_dtype"]]


def checkpoint_tensors(model, config: dict) -> dict[str, torch.Tensor]:
    """The tensors that save_pretrained would write: without the tied copies, experts apart."""
    state = remove_tied_weights_from_state_dict(dict(model.state_dict()), model)
    for name, _ in model.named_buffers():
        # from_pretrained keeps these in 32 bits, as they are stored; a class that is made from its config does not.
        if name in state and any(part in name for part in model._keep_in_fp32_modules_strict or []):
            state[name] = state[name].float()
    state = revert_weight_conversion(model, state)
    if config.get("quantization_config", {}).get("quant_method") != "mxfp4":
        return state
    packed = {}
    for name, tensor in state.items():
        if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            packed[name] = tensor
            continue
        # OCP microscaling: 32 values of 4 bits, two to a byte, share a scale of a byte. The checkpoint has rows first.
        experts, columns, rows = tensor.shape
        for suffix, shape in (("blocks", (experts, rows, columns // 32, 16)), ("scales", (experts, rows, columns // 32))):
            packed[f"{name}_{suffix}"] = torch.empty(shape, dtype=torch.uint8, device="meta")
    return packed


def parameter_count(model) -> int:
    state = model.state_dict(keep_vars=True).values()
    return sum({id(tensor): tensor.numel() for tensor in state if tensor.is_floating_point()}.values())


def write_safetensors(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        end = offset + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + offset)


class LocalHub(httpx2.AsyncBaseTransport):
    """Answers what hf-mem asks of the hub from a folder: the list of files, and ranges of them."""

    def __init__(self, folder: Path):
        self.folder = folder

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.startswith("/api/"):
            listing = [
                {"type": "file", "path": path.name, "size": path.stat().st_size} for path in self.folder.iterdir()
            ]
            return httpx2.Response(200, json=listing)
        path = self.folder / request.url.path.rsplit("/", 1)[1]
        if not path.exists():
            return httpx2.Response(404)
        wanted = re.match(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
        with open(path, "rb") as file:
            if wanted is None:
                return httpx2.Response(200, content=file.read())
            first, last = int(wanted[1]), int(wanted[2])
            file.seek(first)
            return httpx2.Response(206, content=file.read(last - first + 1))


def ask_hf_mem(model_id: str, folder: Path) -> dict:
    original = httpx2.AsyncClient
    local = LocalHub(folder)
    httpx2.AsyncClient = lambda **_: original(transport=local)
    try:
        result = asyncio.run(arun(model_id=model_id))
        parts = result.safetensors.components.values()
        return {"parameters": sum(part.param_count for part in parts), "bytes": result.memory}
    except Exception as error:  # noqa: BLE001 - a refusal is an answer
        return {"refused": f"{type(error).__name__}: {error}"}
    finally:
        httpx2.AsyncClient = original


def ask_accelerate(folder: Path, config: dict) -> dict:
    """Its float32 total is four bytes for each parameter; it prints that total halved for 16 bits."""
    accelerate_estimate.verify_on_hub = lambda *_: types.SimpleNamespace(library_name="transformers", config=config)
    dtype = "float32" if dtype_of(config) == torch.float32 else "float16"
    arguments = types.SimpleNamespace(
        model_name=str(folder), library_name=None, trust_remote_code=False, dtypes=["float32", dtype]
    )
    try:
        (_, _, full, _), (_, _, asked, _) = accelerate_estimate.gather_data(arguments)
        return {"parameters": int(full) // 4, "bytes": int(asked)}
    except Exception as error:  # noqa: BLE001
        return {"refused": f"{type(error).__name__}: {error}"}


def write_sparse(self, **_) -> None:
    self.write_ti_data_to_file()
    for file, tensors in zip(self.fout, self.tensors):
        self.write_padding(file, file.tell())
        size = sum(gguf.GGUFWriter.ggml_pad(info.nbytes, self.data_alignment) for info in tensors.values())
        file.truncate(file.tell() + size)


def convert(folder: Path, config: dict, more: dict) -> Path | str:
    """The 16-bit GGUF file of the checkpoint, its data left out; the converter's words where it has no such architecture."""
    target = folder / "model.gguf"
    tokens = {str(token): token for token in range(config.get("vocab_size") or config["text_config"]["vocab_size"])}
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": tokens}, "added_tokens": []}))
    original = ModelBase.load_hparams
    try:
        complete = original(folder, False)
        ModelBase.load_hparams = staticmethod(lambda *_, **__: {**complete, **config, **more})
        with torch.inference_mode():
            name = get_model_architecture(config, ModelType.TEXT)
            found = ModelBase.from_model_architecture(name, ModelType.TEXT)
            found.no_mtp = True
            found(folder, gguf.LlamaFileType.MOSTLY_BF16, target, model_name="model").write()
        return target
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    finally:
        ModelBase.load_hparams = original


def prepare_converter() -> None:
    import conversion

    conversion.load_all_models()
    seen = set()
    for classes in ModelBase._model_classes.values():
        for found in classes.values():
            for cls in found.__mro__:
                if cls not in seen and "set_vocab" in vars(cls):
                    cls.set_vocab = lambda self: self.gguf_writer.add_tokenizer_model("none")
                seen.add(cls)
    gguf.GGUFWriter.write_tensors_to_file = write_sparse


def ask_gguf_parser(parser: str, path: Path) -> dict:
    said = json.loads(subprocess.run([parser, str(path)], capture_output=True, text=True, check=True).stdout)
    return {key: value for key, value in said.items() if key != "file"}


def gguf_truth(path: Path) -> dict:
    """What the file holds: elements of its tensors, and bytes of their data."""
    tensors = gguf.GGUFReader(path).tensors
    return {"parameters": sum(int(t.n_elements) for t in tensors), "bytes": sum(int(t.n_bytes) for t in tensors)}


def record(model_id: str, config: dict, more: dict, parser: str) -> dict:
    folder = WORK / re.sub(r"\W+", "-", model_id)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    model = instantiate(config)
    tensors = checkpoint_tensors(model, config)
    write_safetensors(folder, tensors)
    answer = {
        "id": model_id,
        "config": config,
        "library": {
            "parameters": parameter_count(model),
            "bytes": sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()),
        },
        "hf-mem": ask_hf_mem(model_id, folder),
        "accelerate": ask_accelerate(folder, config),
    }
    file = convert(folder, config, more)
    if isinstance(file, str):
        answer["gguf"] = {"refused": file}
    else:
        answer["gguf"] = gguf_truth(file)
        answer["gguf-parser-go"] = ask_gguf_parser(parser, file)
    shutil.rmtree(folder)
    return answer


def main(configs: Path, parser: str) -> None:
    prepare_converter()
    answers = []
    given = json.loads(configs.read_text())
    for model_id, config in given["configs"].items():
        answers.append(record(model_id, config, given["converter"].get(model_id, {}), parser))
        print({key: value for key, value in answers[-1].items() if key != "config"}, flush=True)
    go = (HERE / "go.mod").read_text()
    versions = {
        "transformers": transformers.__version__,
        "hf-mem": importlib.metadata.version("hf-mem"),
        "accelerate": importlib.metadata.version("accelerate"),
        "gguf-parser-go": re.search(r"gguf-parser-go v(\S+)", go)[1],
    }
    FIXTURE.write_text(json.dumps({"versions": versions, "answers": answers}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    main(Path(sys.argv[1]), sys.argv[2])
