"""Asks the library how many operations its models do: the matrix products of a forward pass over a few tokens, on the meta device.

    operations.py     the first class of every file under cases/ that reads tokens; writes test/fixtures/oracle/operations.json

torch's FlopCounterMode counts a multiply-add as two. Attention is the library's eager one, which multiplies every token with every
other; experts are those that are picked (batched_mm). Left out: positions (rotary tables are not part of any layer), and models that
cannot run without values.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from record import HERE, ROOT, make_config

TOKENS = 5


def operations_of(cls, fields: dict) -> int | None:
    config = make_config(cls, fields)
    config._attn_implementation = "eager"
    for part in [config, *(getattr(config, name, None) for name in config.sub_configs)]:
        if part is not None:
            part._experts_implementation = "batched_mm"
    with torch.device("meta"):
        model = cls(config).eval()
    tokens = torch.zeros((1, TOKENS), dtype=torch.long, device="meta")
    inputs = {"input_ids": tokens}
    if getattr(config, "is_encoder_decoder", False):
        inputs["decoder_input_ids"] = tokens
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        model(**inputs)
    counts = counter.get_flop_counts()
    aside = sum(sum(c.values()) for name, c in counts.items() if name.split(".")[-1].startswith("rotary"))
    return sum(counts["Global"].values()) - aside


def main() -> None:
    answers, refused = [], []
    for file in sorted((HERE / "cases").glob("*.json")):
        case = json.loads(file.read_text(encoding="utf-8"))
        if case.get("library") == "diffusers":
            continue
        class_name = case["classes"][0]
        cls = getattr(transformers, class_name)
        if cls.main_input_name != "input_ids":
            continue
        for label, fields in case["configs"].items():
            try:
                count = operations_of(cls, fields)
            except Exception as error:  # noqa: BLE001 - needs values, or other inputs
                refused.append(f"{file.stem} {label}: {type(error).__name__}: {str(error).splitlines()[0][:120]}")
                continue
            answers.append({"file": file.stem, "class": class_name, "label": label, "operations": count})
    print("\n".join(refused), file=sys.stderr)
    library = f"transformers {transformers.__version__}, torch {torch.__version__}"
    lines = ",\n".join(json.dumps(answer) for answer in answers)
    text = f'{{"library": {json.dumps(library)}, "tokens": {TOKENS}, "answers": [\n{lines}\n]}}\n'
    (ROOT / "test" / "fixtures" / "oracle" / "operations.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
