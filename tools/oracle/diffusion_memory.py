"""Records what one step of a denoiser and the decoding of latents keep alive at their peak, and their operations.

The classes of diffusers run on fake tensors, without gradients: shapes and lifetimes are real, no memory is taken and no device is
needed. A dispatch mode counts the bytes of live storages after every operation. Fused attention stands for the kernel that a GPU
runs. Workspaces of convolution libraries do not show. Weights are made before counting begins, so that figures are activations.

usage: ~/.cache/rooflens/oracle/venv/bin/python tools/oracle/diffusion_memory.py (run.sh makes that environment); writes
test/fixtures/diffusion-memory.json
"""

import gc
import json
import pathlib
import sys
import weakref

import diffusers
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Live(TorchDispatchMode):
    """Live bytes of storages, with their peak."""

    def __init__(self):
        super().__init__()
        self.sizes = {}
        self.now = 0
        self.peak = 0

    def see(self, tensor):
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self.sizes:
            return
        self.sizes[key] = storage.nbytes()
        self.now += self.sizes[key]
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self.gone, key)

    def ignore(self, tensors):
        """Leaves out what is there before: weights and inputs show again as views of themselves."""
        for tensor in tensors:
            if isinstance(tensor, torch.Tensor):
                self.sizes[tensor.untyped_storage()._cdata] = 0

    def gone(self, key):
        self.now -= self.sizes.pop(key, 0)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and leaf.device.type != "meta":
                self.see(leaf)
        return result


ATTENTION = {"operations": 0}


def flash(query, key, value, *args, **kwargs):
    """scaled_dot_product_attention as a GPU runs it: the result alone, no scores."""
    batch, heads, length, width = query.shape
    ATTENTION["operations"] += 2 * batch * heads * length * key.shape[-2] * (width + value.shape[-1])
    return query.new_empty(batch, length, heads, value.shape[-1]).transpose(1, 2)


torch.nn.functional.scaled_dot_product_attention = flash


def random(*shape, dtype=torch.bfloat16):
    return torch.zeros(shape, dtype=dtype)


def unet(model, s):
    width = model.config.cross_attention_dim
    inputs = {
        "sample": random(s["batch"], model.config.in_channels, s["height"] // 8, s["width"] // 8),
        "timestep": torch.zeros((), dtype=torch.long),
        "encoder_hidden_states": random(s["batch"], 77, width),
    }
    if model.config.addition_embed_type == "text_time":
        inputs["added_cond_kwargs"] = {"text_embeds": random(s["batch"], 1280), "time_ids": random(s["batch"], 6)}
    return inputs


def packed(model, s, factor=16):
    tokens = (s["height"] // factor) * (s["width"] // factor)
    return {
        "hidden_states": random(s["batch"], tokens, model.config.in_channels),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.joint_attention_dim),
        "timestep": random(s["batch"]),
    }


def flux(model, s):
    inputs = packed(model, s)
    tokens = inputs["hidden_states"].shape[1]
    return inputs | {
        "pooled_projections": random(s["batch"], model.config.pooled_projection_dim),
        "guidance": random(s["batch"]) if model.config.guidance_embeds else None,
        "img_ids": random(tokens, 3),
        "txt_ids": random(s["text"], 3),
    }


def sd3(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, s["height"] // 8, s["width"] // 8),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.joint_attention_dim),
        "pooled_projections": random(s["batch"], model.config.pooled_projection_dim),
        "timestep": random(s["batch"]),
    }


def qwen(model, s):
    return packed(model, s) | {"img_shapes": [(1, s["height"] // 16, s["width"] // 16)] * s["batch"], "encoder_hidden_states_mask": torch.ones(s["batch"], s["text"], dtype=torch.bool)}


def pixart(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, s["height"] // 8, s["width"] // 8),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.caption_channels),
        "timestep": random(s["batch"]),
        "added_cond_kwargs": {"resolution": None, "aspect_ratio": None},
    }


def sana(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, s["height"] // 32, s["width"] // 32),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.caption_channels),
        "timestep": random(s["batch"]),
    }


def frames(s, factor=4):
    return (s["frames"] - 1) // factor + 1


def wan(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, frames(s), s["height"] // 8, s["width"] // 8),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.text_dim),
        "timestep": random(s["batch"]),
    }


def cogvideox(model, s):
    heads = model.config.attention_head_dim
    tokens = frames(s) * (s["height"] // 16) * (s["width"] // 16)
    return {
        "hidden_states": random(s["batch"], frames(s), model.config.in_channels, s["height"] // 8, s["width"] // 8),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.text_embed_dim),
        "timestep": random(s["batch"]),
        "image_rotary_emb": (random(tokens, heads, dtype=torch.float32), random(tokens, heads, dtype=torch.float32)),
    }


def hunyuan(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, frames(s), s["height"] // 8, s["width"] // 8),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.text_embed_dim),
        "encoder_attention_mask": torch.ones(s["batch"], s["text"], dtype=torch.bool),
        "pooled_projections": random(s["batch"], model.config.pooled_projection_dim),
        "timestep": random(s["batch"]),
        "guidance": random(s["batch"]),
    }


def ltx(model, s):
    latent = (frames(s, 8), s["height"] // 32, s["width"] // 32)
    return {
        "hidden_states": random(s["batch"], latent[0] * latent[1] * latent[2], model.config.in_channels),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.caption_channels),
        "encoder_attention_mask": torch.ones(s["batch"], s["text"], dtype=torch.bool),
        "timestep": random(s["batch"]),
        "num_frames": latent[0],
        "height": latent[1],
        "width": latent[2],
    }


def flux2(model, s):
    inputs = packed(model, s)
    tokens = inputs["hidden_states"].shape[1]
    return inputs | {"guidance": random(s["batch"]), "img_ids": random(s["batch"], tokens, 4), "txt_ids": random(s["batch"], s["text"], 4)}


def auraflow(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, s["height"] // 8, s["width"] // 8),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.joint_attention_dim),
        "timestep": random(s["batch"]),
    }


def hunyuan_dit(model, s):
    tokens = (s["height"] // 16) * (s["width"] // 16)
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, s["height"] // 8, s["width"] // 8),
        "timestep": random(s["batch"]),
        "encoder_hidden_states": random(s["batch"], 77, model.config.cross_attention_dim),
        "text_embedding_mask": torch.ones(s["batch"], 77, dtype=torch.long),
        "encoder_hidden_states_t5": random(s["batch"], 256, model.config.cross_attention_dim_t5),
        "text_embedding_mask_t5": torch.ones(s["batch"], 256, dtype=torch.long),
        "image_meta_size": random(s["batch"], 6),
        "style": torch.zeros(s["batch"], dtype=torch.long),
        "image_rotary_emb": (random(tokens, 88, dtype=torch.float32), random(tokens, 88, dtype=torch.float32)),
    }


def latents(model, s):
    """Latents of one picture or video for decode()."""
    config = model.config
    channels = getattr(config, "latent_channels", None) or config.z_dim
    space = s["space"]
    shape = (s["height"] // space, s["width"] // space)
    if s["frames"] is None:
        return random(s["batch"], channels, *shape)
    return random(s["batch"], channels, frames(s, s.get("time", 4)), *shape)


SQUARE = {"width": 1024, "height": 1024, "frames": 1, "text": 512, "batch": 1}
XL = {
    "sample_size": 128, "block_out_channels": [320, 640, 1280], "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"], "transformer_layers_per_block": [1, 2, 10], "cross_attention_dim": 2048,
    "attention_head_dim": [5, 10, 20], "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
ONE5 = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
STACK = {"block_out_channels": [128, 256, 512, 512], "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4, "layers_per_block": 2}
# class, config, what its forward takes, what is made
DENOISERS = [
    ("UNet2DConditionModel", ONE5, unet, SQUARE | {"width": 512, "height": 512, "batch": 2, "text": 77}),
    ("UNet2DConditionModel", ONE5, unet, SQUARE | {"width": 768, "height": 512, "batch": 8, "text": 77}),
    ("UNet2DConditionModel", XL, unet, SQUARE | {"batch": 2, "text": 77}),
    ("UNet2DConditionModel", XL, unet, SQUARE | {"width": 1536, "batch": 4, "text": 77}),
    ("FluxTransformer2DModel", {"guidance_embeds": True, "num_layers": 2, "num_single_layers": 3}, flux, SQUARE),
    ("FluxTransformer2DModel", {"guidance_embeds": True, "num_layers": 2, "num_single_layers": 3}, flux, SQUARE | {"width": 2048, "batch": 2}),
    ("SD3Transformer2DModel", {"num_layers": 3, "num_attention_heads": 24, "caption_projection_dim": 1536, "pos_embed_max_size": 192}, sd3, SQUARE | {"text": 333, "batch": 2}),
    ("QwenImageTransformer2DModel", {"num_layers": 3}, qwen, SQUARE | {"width": 1328, "height": 1328}),
    ("PixArtTransformer2DModel", {"num_layers": 3, "caption_channels": 4096, "use_additional_conditions": False}, pixart, SQUARE | {"text": 300, "batch": 2}),
    ("SanaTransformer2DModel", {"num_layers": 3}, sana, SQUARE | {"text": 300, "batch": 2}),
    ("WanTransformer3DModel", {"num_layers": 3, "num_attention_heads": 12, "ffn_dim": 8960}, wan, {"width": 832, "height": 480, "frames": 81, "text": 512, "batch": 1}),
    ("WanTransformer3DModel", {"num_layers": 2}, wan, {"width": 1280, "height": 720, "frames": 81, "text": 512, "batch": 1}),
    ("CogVideoXTransformer3DModel", {"num_layers": 3, "num_attention_heads": 48, "use_rotary_positional_embeddings": True}, cogvideox, {"width": 720, "height": 480, "frames": 49, "text": 226, "batch": 2}),
    ("HunyuanVideoTransformer3DModel", {"num_layers": 2, "num_single_layers": 2}, hunyuan, {"width": 960, "height": 544, "frames": 129, "text": 256, "batch": 1}),
    ("LTXVideoTransformer3DModel", {"num_layers": 3}, ltx, {"width": 704, "height": 512, "frames": 161, "text": 128, "batch": 2}),
    ("Flux2Transformer2DModel", {"num_layers": 2, "num_single_layers": 2}, flux2, SQUARE),
    ("AuraFlowTransformer2DModel", {"num_mmdit_layers": 2, "num_single_dit_layers": 2, "pos_embed_max_size": 9216}, auraflow, SQUARE | {"text": 256, "batch": 2}),
    ("HunyuanDiT2DModel", {"in_channels": 4, "patch_size": 2, "hidden_size": 1408, "num_layers": 6, "mlp_ratio": 4.3637, "sample_size": 128}, hunyuan_dit, SQUARE | {"text": 333, "batch": 2}),
]
VIDEO = {"width": 832, "height": 480, "frames": 33, "batch": 1, "space": 8}
AUTOENCODERS = [
    ("AutoencoderKL", STACK, {"width": 512, "height": 512, "frames": None, "batch": 1, "space": 8}),
    ("AutoencoderKL", STACK, {"width": 1024, "height": 1024, "frames": None, "batch": 2, "space": 8}),
    ("AutoencoderKL", STACK | {"sample_size": 512}, {"width": 1536, "height": 1024, "frames": None, "batch": 1, "space": 8, "tiling": True}),
    ("AutoencoderTiny", {}, {"width": 1024, "height": 1024, "frames": None, "batch": 1, "space": 8}),
    ("AutoencoderDC", {
        "encoder_block_types": ["ResBlock"] * 3 + ["EfficientViTBlock"] * 3, "decoder_block_types": ["ResBlock"] * 3 + ["EfficientViTBlock"] * 3,
        "upsample_block_type": "interpolate", "downsample_block_type": "Conv"}, {"width": 1024, "height": 1024, "frames": None, "batch": 1, "space": 32}),
    ("AutoencoderKLWan", {}, VIDEO),
    ("AutoencoderKLWan", {}, VIDEO | {"tiling": True}),
    ("AutoencoderKLQwenImage", {}, VIDEO | {"width": 1328, "height": 1328, "frames": 1}),
    ("AutoencoderKLCogVideoX", {}, VIDEO | {"width": 720, "frames": 49}),
    ("AutoencoderKLCogVideoX", {}, VIDEO | {"width": 720, "frames": 49, "tiling": True}),
    ("AutoencoderKLHunyuanVideo", {}, VIDEO),
    ("AutoencoderKLLTXVideo", {}, {"width": 704, "height": 512, "frames": 33, "batch": 1, "space": 32, "time": 8}),
    ("AutoencoderKLHunyuanVideo", {}, VIDEO | {"tiling": True}),
]


def measure(class_name, config, prepare):
    """Peak of live bytes beyond weights and inputs, and operations; `prepare` gives what is run."""
    gc.collect()
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
        torch.set_default_dtype(torch.bfloat16)
        model = getattr(diffusers, class_name)(**config).eval()
        torch.set_default_dtype(torch.float32)
        run, given = prepare(model)
        live = Live()
        live.ignore([*model.parameters(), *model.buffers(), *tree_leaves(given)])
        ATTENTION["operations"] = 0
        with FlopCounterMode(display=False) as counter, live:
            result = run()
            del result
        return live.peak, counter.get_total_flops() + ATTENTION["operations"]


def step(inputs, settings):
    def prepare(model):
        given = inputs(model, settings)
        return lambda: model(**given), given

    return prepare


def decoding(settings):
    def prepare(model):
        if settings.get("tiling"):
            model.enable_tiling()
        given = latents(model, settings)
        return lambda: model.decode(given, return_dict=False), given

    return prepare


def main():
    cases = [(name, config, settings, step(inputs, settings)) for name, config, inputs, settings in DENOISERS]
    cases += [(name, config, settings, decoding(settings)) for name, config, settings in AUTOENCODERS]
    rows = []
    for name, config, settings, prepare in cases:
        try:
            peak, operations = measure(name, config, prepare)
        except Exception as error:  # noqa: BLE001 - one class that cannot run on fake tensors leaves the others
            print(f"{name} {settings}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
            continue
        print(f"{name} {settings}: {peak / 2**20:.0f} MiB, {operations / 1e12:.2f} TFLOP", file=sys.stderr)
        rows.append({"config": {"_class_name": name, **config}, "settings": settings, "peak": peak, "operations": operations})
    out = pathlib.Path(__file__).resolve().parent.parent.parent / "test" / "fixtures" / "diffusion-memory.json"
    library = f"diffusers {diffusers.__version__}, torch {torch.__version__}"
    out.write_text(json.dumps({"library": library, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
