"""Records what the library makes of real configs that lie outside the repository: figures and a fingerprint, no config.

    corpus.py FOLDER     every config.json below FOLDER; writes test/fixtures/oracle/corpus.json

The fingerprint is the SHA-256 of the sorted lines `name [shape]` of the state dict. Configs whose class the library does
not define (remote code) are left out.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import torch
import transformers

from record import ROOT


# Classes that the library has renamed since; configs of old checkpoints still name them.
FORMER_NAMES = {"T5WithLMHeadModel": "T5ForConditionalGeneration"}


def fingerprint(state) -> str:
    lines = sorted(f"{name} {json.dumps(list(tensor.shape), separators=(',', ':'))}" for name, tensor in state.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def answer(path: Path) -> dict | None:
    config = json.loads(path.read_text(encoding="utf-8"))
    name = (config.get("architectures") or [None])[0]
    cls = getattr(transformers, FORMER_NAMES.get(name, name), None) if name else None
    if cls is None:
        return None
    settings = cls.config_class.from_dict(config)
    settings._attn_implementation = "eager"
    with torch.device("meta"):
        model = cls(settings)
    model.tie_weights()
    state = model.state_dict(keep_vars=True)
    floats = {id(t): t.numel() for t in state.values() if t.is_floating_point()}
    return {"class": name, "parameters": sum(floats.values()), "tensors": len(state), "fingerprint": fingerprint(state)}


def main(folder: Path) -> None:
    answers = {}
    for path in sorted(folder.rglob("*.json")):
        if path.name == "hf_quant_config.json":
            continue
        key = str(path.relative_to(folder))
        try:
            recorded = answer(path)
        except Exception as error:  # noqa: BLE001 - a config that the library itself refuses
            print(f"{key}: {type(error).__name__}: {str(error)[:200]}")
            continue
        if recorded is None:
            print(f"{key}: not in the library")
        else:
            answers[key] = recorded
    out = {"library": f"transformers {transformers.__version__}", "answers": answers}
    (ROOT / "test" / "fixtures" / "oracle" / "corpus.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    main(Path(sys.argv[1]))
