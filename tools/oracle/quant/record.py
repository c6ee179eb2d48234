"""Asks the libraries what their quantisation methods make of models, and writes the answers down as test fixtures.

Small models of random weights are quantised for real on the CPU: by transformers' loader, by compressed-tensors' compressor, by
MLX's converter, by ModelOpt's exporter. Methods that need a GPU are put on the meta device as the library does before it loads
their checkpoints. Recorded per tensor of the unquantised model: the bytes that all its parts take (packed values, scales, zeros,
tables), as held in memory or as written to a file.

    record.py [STEP…]    loaded, hqq, prepared, compressed, modelopt, mlx, adapters, modules; none = all
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import tempfile
import warnings
from importlib import metadata
from pathlib import Path

import safetensors
import torch
import transformers
from torch.utils._python_dispatch import is_traceable_wrapper_subclass
from transformers.quantizers.auto import AUTO_QUANTIZATION_CONFIG_MAPPING, AUTO_QUANTIZER_MAPPING

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parents[2] / "test" / "fixtures" / "quant"
MODELS = json.loads((HERE / "models.json").read_text())
METHODS = json.loads((HERE / "methods.json").read_text())

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def size(tensor) -> int:
    """Bytes of a tensor, of the parts of a wrapper, or of a quantisation state."""
    if tensor is None:
        return 0
    if isinstance(tensor, (list, tuple)):
        return sum(size(part) for part in tensor)
    if isinstance(tensor, dict):
        return sum(size(part) for part in tensor.values())
    if not isinstance(tensor, torch.Tensor):
        return 0
    if is_traceable_wrapper_subclass(tensor):
        names, _ = tensor.__tensor_flatten__()
        return sum(size(getattr(tensor, name)) for name in names)
    own = tensor.numel() * tensor.element_size()
    state = getattr(tensor, "quant_state", None)
    if state is not None:
        second = state.state2
        own += size([state.absmax, state.code])
        if second is not None:
            own += size([second.absmax, second.code, state.offset])
    return own + size(getattr(tensor, "SCB", None))


def build(name: str):
    """A model of random weights in its dtype, and its config."""
    fields = MODELS[name]
    config = transformers.AutoConfig.for_model(**fields)
    torch.manual_seed(0)
    model = getattr(transformers, fields["architectures"][0])(config)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(getattr(torch, fields["dtype"]))
    return model.eval()


def owners(model) -> dict[str, str]:
    """Name of every tensor that is not the second name of another -> itself; second names -> the first."""
    first, names = {}, {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        names[name] = first.setdefault(id(tensor), name)
    return names


def parts(model, names: dict[str, str]) -> dict[str, int]:
    """Bytes of every tensor of the unquantised model in a quantised one."""
    sizes = dict.fromkeys(dict.fromkeys(names.values()), 0)
    seen = set()
    for path, module in model.named_modules():
        own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        own += [(key, value) for key, value in vars(module).items() if key == "meta" and isinstance(value, dict)]
        for key, tensor in own:
            if tensor is None or id(tensor) in seen:
                continue
            seen.add(id(tensor))
            full = f"{path}.{key}"
            if full in names:
                owner = names[full]
            else:
                # A part: of the weight of its module, or of the parameter whose name it begins with.
                longest = max((n for n in names if full.startswith(n)), key=len, default=None)
                owner = f"{path}.weight" if f"{path}.weight" in names else longest
            if owner is None:
                continue
            sizes[names.get(owner, owner)] += size(tensor)
    return sizes


def loaded(model, name: str, case: dict) -> tuple[dict, dict[str, int]]:
    """What transformers holds after loading a plain checkpoint under a quantisation config."""
    method = case["method"]
    if method == "torchao":
        import torchao.quantization as torchao

        config = transformers.TorchAoConfig(getattr(torchao, case["config"]["class"])(**case["config"]["arguments"]))
    else:
        config = AUTO_QUANTIZATION_CONFIG_MAPPING[method].from_dict(dict(case["config"]))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        quantised = type(model).from_pretrained(
            folder, quantization_config=config, dtype=getattr(torch, MODELS[name]["dtype"])
        )
        written = json.loads(quantised.config.to_json_string()).get("quantization_config") or config.to_dict()
        return written, parts(quantised, owners(model))


def hqq(model, name: str, case: dict) -> tuple[dict, dict[str, int]]:
    """What the hqq library makes of every linear module of the layers."""
    from hqq.core.quantize import BaseQuantizeConfig, HQQLinear

    names = owners(model)
    sizes = {owner: size(model.state_dict()[owner]) for owner in dict.fromkeys(names.values())}
    arguments = case["config"]
    for path, module in model.named_modules():
        if type(module) is torch.nn.Linear and path != "lm_head":
            config = BaseQuantizeConfig(**arguments)
            layer = HQQLinear(module, config, compute_dtype=torch.bfloat16, device="cpu", del_orig=False)
            sizes[f"{path}.weight"] = size(layer.W_q) + size({k: v for k, v in layer.meta.items() if k in ("scale", "zero")})
    written = {"quant_method": "hqq", "quant_config": {"weight_quant_params": arguments}, "skip_modules": ["lm_head"]}
    return written, sizes


def prepared(model, name: str, case: dict) -> tuple[dict, dict[str, int]]:
    """What transformers lays out before it loads a checkpoint that is quantised already, without memory."""
    method = case["method"]
    config = AUTO_QUANTIZATION_CONFIG_MAPPING[method].from_dict(dict(case["config"]))
    names = owners(model)
    quantizer = AUTO_QUANTIZER_MAPPING[method](config, pre_quantized=True)
    dtype = getattr(torch, MODELS[name]["dtype"])
    with torch.device("meta"):
        fresh = type(model)(model.config)
    for parameter in fresh.parameters():
        parameter.data = parameter.data.to(dtype)
    torch.set_default_dtype(dtype)
    try:
        quantizer.preprocess_model(model=fresh, device_map=None, dtype=dtype)
    finally:
        torch.set_default_dtype(torch.float32)
    return case["config"], parts(fresh, names)


def compressed(model, name: str, case: dict) -> tuple[dict, dict[str, int]]:
    """What compressed-tensors' compressor makes of a model under a scheme."""
    from compressed_tensors.compressors import ModelCompressor
    from compressed_tensors.quantization import QuantizationConfig, apply_quantization_config
    from compressed_tensors.quantization.quant_scheme import QuantizationScheme, preset_name_to_scheme

    names = owners(model)
    groups = {}
    for index, (preset, targets, weights) in enumerate(case["groups"]):
        scheme = preset_name_to_scheme(preset, targets).model_dump()
        scheme["weights"].update(weights)
        groups[f"group_{index}"] = QuantizationScheme.model_validate(scheme)
    config = QuantizationConfig(config_groups=groups, ignore=case["ignore"])
    apply_quantization_config(model, config)
    compressor = ModelCompressor.from_pretrained_model(model)
    compressor.compress_model(model)
    return json.loads(compressor.quantization_config.model_dump_json()), parts(model, names)


def written(folder: str, plain: set[str]) -> dict[str, int]:
    """Bytes in the files of a folder, by the checkpoint's name of the unquantised tensor."""
    sizes: dict[str, int] = {}
    for file in Path(folder).glob("*.safetensors"):
        with safetensors.safe_open(file, "pt") as stored:
            for name in stored.keys():
                tensor = stored.get_tensor(name)
                owner = name if name in plain else f"{name.rpartition('.')[0]}.weight"
                if owner not in plain:
                    raise ValueError(f"{name} belongs to no tensor of the model")
                sizes[owner] = sizes.get(owner, 0) + tensor.numel() * tensor.element_size()
    return sizes


def plain_names(name: str) -> set[str]:
    """Names in a plain checkpoint."""
    model = build(name)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return {name for file in Path(folder).glob("*.safetensors") for name in safetensors.safe_open(file, "pt").keys()}


def modelopt(model, name: str, case: dict) -> tuple[dict, dict[str, int]]:
    """What ModelOpt writes: hf_quant_config.json and the files."""
    import modelopt.torch.quantization as mtq
    from modelopt.torch.export import export_hf_checkpoint

    plain = plain_names(name)
    ids = torch.randint(0, 300, (1, 64))
    quantised = mtq.quantize(model, getattr(mtq, case["config"]), lambda each: each(ids))
    with tempfile.TemporaryDirectory() as folder:
        export_hf_checkpoint(quantised, export_dir=folder)
        config = {
            "config": json.loads((Path(folder) / "config.json").read_text())["quantization_config"],
            "file": json.loads((Path(folder) / "hf_quant_config.json").read_text()),
        }
        return config, written(folder, plain)


def mlx(model, name: str, case: dict) -> tuple[dict, dict[str, int]]:
    """What mlx-lm's converter holds. Experts lie under names of its own there."""
    from mlx.utils import tree_flatten
    from mlx_lm.utils import load_model, quantize_model

    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        path = Path(folder) / "config.json"
        # mlx-lm reads the names that configs had before transformers 5.
        fields = json.loads(path.read_text())
        fields.setdefault("rope_theta", 10000.0)
        fields.update({key: MODELS[name][key] for key in ("num_experts", "num_local_experts") if key in MODELS[name]})
        path.write_text(json.dumps(fields))
        converted, config = load_model(Path(folder), lazy=False)
        predicate = None
        if "sensitive" in case:
            predicate = lambda where, module: (
                case["sensitive"] if any(part in where for part in ("lm_head", "down_proj")) else hasattr(module, "to_quantized")
            )
        converted, config = quantize_model(
            converted, config, case["group_size"], case["bits"], mode=case.get("mode", "affine"), quant_predicate=predicate
        )
        sizes: dict[str, int] = {}
        for key, value in tree_flatten(converted.parameters()):
            module, _, last = key.rpartition(".")
            owner = f"{module}.weight" if last in ("scales", "biases") else key
            sizes[owner] = sizes.get(owner, 0) + value.nbytes
        return config["quantization"], sizes


def modules() -> dict:
    """Which modules of every recorded class are linear: what methods that replace modules look for."""
    answers = {}
    for path in sorted((FIXTURES.parent / "oracle").glob("*.json.gz")):
        recorded = json.loads(gzip.decompress(path.read_bytes()))
        if not recorded["library"].startswith("transformers"):
            continue
        for answer in recorded["answers"]:
            config = transformers.AutoConfig.for_model(**answer["config"])
            with torch.device("meta"):
                model = getattr(transformers, answer["class"])(config)
            entry = answers.setdefault(answer["class"], {"modelType": recorded["modelType"], "linear": set(), "derived": set(), "other": set(), "keptWide": []})
            entry["keptWide"] = sorted(set(model._keep_in_fp32_modules or []) | set(entry["keptWide"]))
            for name, module in model.named_modules():
                weight = module._parameters.get("weight")
                if weight is not None and weight.ndim == 2 and not isinstance(module, torch.nn.Embedding):
                    exact = type(module) in (torch.nn.Linear, transformers.pytorch_utils.Conv1D)
                    kind = "linear" if exact else "derived" if isinstance(module, torch.nn.Linear) else "other"
                    entry[kind].add(re.sub(r"(?<![^.])[0-9]+(?![^.])", "#", name))
    return {
        "libraries": {"transformers": transformers.__version__},
        "classes": {
            name: {key: value if isinstance(value, str) else sorted(value) for key, value in entry.items() if value} for name, entry in sorted(answers.items())
        },
    }


def save(step: str, document: dict) -> None:
    text = json.dumps(document, separators=(",", ":"), sort_keys=True, default=str).encode()
    (FIXTURES / f"{step}.json.gz").write_bytes(gzip.compress(text, 9, mtime=0))


def adapters(model, name: str, case: dict) -> tuple[dict, dict[str, int]]:
    """Elements that PEFT trains beside each tensor under LoRA targets."""
    from peft import LoraConfig, get_peft_model

    names = set(model.state_dict())
    adapted = get_peft_model(model, LoraConfig(**case["config"]))
    sizes: dict[str, int] = {}
    for key, parameter in adapted.named_parameters():
        if not parameter.requires_grad:
            continue
        # A parameter that is wrapped first lies below the one that is wrapped after it.
        module = key.removeprefix("base_model.model.").partition(".lora_")[0]
        path = module.removesuffix(".base_layer")
        wrapper = adapted.get_submodule("base_model.model." + module)
        owner = f"{path}.{getattr(wrapper, 'parameter_name', 'weight')}"
        if owner not in names:
            raise ValueError(f"{key} belongs to no tensor of the model")
        sizes[owner] = sizes.get(owner, 0) + parameter.numel()
    return case["config"], sizes


STEPS = {"loaded": loaded, "hqq": hqq, "prepared": prepared, "compressed": compressed, "modelopt": modelopt, "mlx": mlx, "adapters": adapters}
LIBRARIES = [
    "transformers", "torch", "bitsandbytes", "compressed-tensors", "torchao", "hqq", "optimum-quanto", "optimum",
    "gptqmodel", "peft", "mlx", "mlx-lm", "nvidia-modelopt",
]


def stand_in_for_kernels() -> None:
    """Kernels come from a hub at run time; laying a model out needs none of their functions."""
    from transformers.integrations import eetq, fbgemm_fp8, hub_kernels, mxfp4

    for module in (hub_kernels, eetq, mxfp4):
        module.get_kernel = lambda *_, **__: None
    fbgemm_fp8.get_quantize_fp8_per_row = lambda: None


def main(steps: list[str]) -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    stand_in_for_kernels()
    for step in steps or [*STEPS, "modules"]:
        if step == "modules":
            save(step, modules())
            continue
        runs = []
        for case in METHODS[step]:
            for name in case["models"]:
                try:
                    config, tensors = STEPS[step](build(name), name, case)
                except Exception as error:
                    if "-v" in sys.argv:
                        raise
                    print(f"{step} {case['name']} {name}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
                    runs.append({"case": case["name"], "model": name, "refused": f"{type(error).__name__}: {str(error)[:200]}"})
                    continue
                runs.append({"case": case["name"], "model": name, "config": config, "tensors": tensors})
                print(step, case["name"], name, sum(tensors.values()))
        document = {
            "libraries": {name: metadata.version(name) for name in LIBRARIES},
            "models": MODELS,
            "runs": runs,
        }
        save(step, document)


if __name__ == "__main__":
    main([argument for argument in sys.argv[1:] if not argument.startswith("-")])
