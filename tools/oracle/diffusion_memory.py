"""Records what one step of a denoiser and the decoding of latents keep alive at their peak, and their operations.

The classes of diffusers run on fake tensors, without gradients: shapes and lifetimes are real, no memory is taken and no device is
needed. A dispatch mode counts the bytes of live storages after every operation. Fused attention stands for the kernel that a GPU
runs. Workspaces of convolution libraries do not show. Weights are made before counting begins, so that figures are activations.

usage: ~/.cache/rooflens/oracle/venv/bin/python tools/oracle/diffusion_memory.py (run.sh makes that environment); writes
test/fixtures/diffusion-memory.json
"""

import contextlib
import gc
import json
import math
import pathlib
import sys
import types
import weakref

import diffusers
import torch
from diffusers.models.transformers import transformer_cosmos
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
    *lead, length, width = query.shape
    ATTENTION["operations"] += 2 * math.prod(lead) * length * key.shape[-2] * (width + value.shape[-1])
    if len(lead) != 2:
        return query.new_empty(*lead, length, value.shape[-1])
    batch, heads = lead
    return query.new_empty(batch, length, heads, value.shape[-1]).transpose(1, 2)


torch.nn.functional.scaled_dot_product_attention = flash
# Cosmos scales a mask with torchvision, which nothing else needs.
transformer_cosmos.transforms = types.SimpleNamespace(
    functional=types.SimpleNamespace(resize=lambda mask, size, interpolation: torch.nn.functional.interpolate(mask, size)),
    InterpolationMode=types.SimpleNamespace(NEAREST="nearest"),
)


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


def cogview4(model, s):
    latent = (s["height"] // 8, s["width"] // 8)
    tokens = latent[0] * latent[1] // 4
    heads = model.config.attention_head_dim
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, *latent),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.text_embed_dim),
        "timestep": random(s["batch"]),
        "original_size": random(s["batch"], 2),
        "target_size": random(s["batch"], 2),
        "crop_coords": random(s["batch"], 2),
        "image_rotary_emb": (random(tokens, heads, dtype=torch.float32), random(tokens, heads, dtype=torch.float32)),
    }


def kandinsky5(model, s):
    shape = (frames(s), s["height"] // 8, s["width"] // 8)
    return {
        "hidden_states": random(s["batch"], *shape, model.config.in_visual_dim),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.in_text_dim),
        "pooled_projections": random(s["batch"], model.config.in_text_dim2),
        "timestep": random(s["batch"]),
        "visual_rope_pos": [torch.arange(shape[0]), torch.arange(shape[1] // 2), torch.arange(shape[2] // 2)],
        "text_rope_pos": torch.arange(s["text"]),
    }


def hunyuan15(model, s):
    text = s["text"] // 3
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, frames(s), s["height"] // 16, s["width"] // 16),
        "timestep": random(s["batch"]),
        "encoder_hidden_states": random(s["batch"], text, model.config.text_embed_dim),
        "encoder_attention_mask": torch.ones(s["batch"], text, dtype=torch.bool),
        "encoder_hidden_states_2": random(s["batch"], text, model.config.text_embed_2_dim),
        "encoder_attention_mask_2": torch.ones(s["batch"], text, dtype=torch.bool),
        "image_embeds": random(s["batch"], text, model.config.image_embed_dim),
    }


def hunyuan_image(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, s["height"] // 32, s["width"] // 32),
        "timestep": random(s["batch"]),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.text_embed_dim),
        "encoder_attention_mask": torch.ones(s["batch"], s["text"], dtype=torch.bool),
    }


def lumina2(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, s["height"] // 8, s["width"] // 8),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.cap_feat_dim),
        "encoder_attention_mask": torch.ones(s["batch"], s["text"], dtype=torch.bool),
        "timestep": random(s["batch"]),
    }


def z_image(model, s):
    return {
        "x": [random(model.config.in_channels, 1, s["height"] // 8, s["width"] // 8) for _ in range(s["batch"])],
        "t": random(s["batch"]),
        "cap_feats": [random(s["text"], model.config.cap_feat_dim) for _ in range(s["batch"])],
    }


def mochi(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, frames(s, 6), s["height"] // 8, s["width"] // 8),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.text_embed_dim),
        "timestep": random(s["batch"]),
        "encoder_attention_mask": torch.ones(s["batch"], s["text"], dtype=torch.bool),
    }


def hidream(model, s):
    text = s["text"] // 3
    t5, llama = model.config.caption_channels
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, s["height"] // 8, s["width"] // 8),
        "timesteps": random(s["batch"]),
        "encoder_hidden_states_t5": random(s["batch"], text, t5),
        "encoder_hidden_states_llama3": random(4, s["batch"], text, llama),
        "pooled_embeds": random(s["batch"], model.config.text_emb_dim),
    }


def cosmos(model, s):
    return {
        "hidden_states": random(s["batch"], model.config.in_channels, frames(s, 8), s["height"] // 8, s["width"] // 8),
        "encoder_hidden_states": random(s["batch"], s["text"], model.config.text_embed_dim),
        "timestep": random(s["batch"]),
        "fps": 24,
        "padding_mask": random(1, 1, s["height"], s["width"]),
    }


def kandinsky2(model, s):
    return {
        "sample": random(s["batch"], model.config.in_channels, s["height"] // 8, s["width"] // 8),
        "timestep": torch.zeros((), dtype=torch.long),
        "encoder_hidden_states": None,
        "added_cond_kwargs": {"image_embeds": random(s["batch"], model.config.encoder_hid_dim)},
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
KANDINSKY = {
    "addition_embed_type": "image", "attention_head_dim": 64, "block_out_channels": [384, 768, 1152, 1536], "cross_attention_dim": 768,
    "down_block_types": ["ResnetDownsampleBlock2D"] + ["SimpleCrossAttnDownBlock2D"] * 3, "encoder_hid_dim": 1280, "encoder_hid_dim_type": "image_proj",
    "layers_per_block": 3, "mid_block_type": "UNetMidBlock2DSimpleCrossAttn", "out_channels": 8, "resnet_time_scale_shift": "scale_shift",
    "up_block_types": ["SimpleCrossAttnUpBlock2D"] * 3 + ["ResnetUpsampleBlock2D"],
}
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
DENOISERS += [
    ("CogView4Transformer2DModel", {"num_layers": 3, "attention_head_dim": 128, "num_attention_heads": 32}, cogview4, SQUARE | {"text": 224}),
    ("Kandinsky5Transformer3DModel", {"num_visual_blocks": 3, "model_dim": 1792, "ff_dim": 7168, "in_visual_dim": 16, "out_visual_dim": 16}, kandinsky5, {"width": 768, "height": 512, "frames": 121, "text": 256, "batch": 1}),
    ("HunyuanImageTransformer2DModel", {"num_layers": 2, "num_single_layers": 2}, hunyuan_image, {"width": 2048, "height": 2048, "frames": 1, "text": 512, "batch": 1}),
]
DENOISERS += [
    ("UNet2DConditionModel", KANDINSKY, kandinsky2, SQUARE | {"width": 512, "height": 512, "text": 32, "batch": 2}),
    ("CosmosTransformer3DModel", {"num_layers": 2}, cosmos, {"width": 1280, "height": 704, "frames": 121, "text": 512, "batch": 1}),
]
SMALL = {"width": 512, "height": 512, "frames": 1, "text": 96, "batch": 1}
# Classes that look at values run on real tensors, narrow and small.
REAL = [
    ("Lumina2Transformer2DModel", {"num_layers": 3, "hidden_size": 576, "num_attention_heads": 6, "num_kv_heads": 2, "cap_feat_dim": 576}, lumina2, SMALL),
    ("ZImageTransformer2DModel", {"n_layers": 3, "dim": 1280, "n_heads": 10, "n_kv_heads": 10}, z_image, SMALL),
    ("MochiTransformer3DModel", {"num_layers": 3, "num_attention_heads": 8, "pooled_projection_dim": 512}, mochi, SMALL | {"width": 256, "height": 256, "frames": 31}),
    ("HunyuanVideo15Transformer3DModel", {"num_layers": 3, "num_attention_heads": 6}, hunyuan15, SMALL | {"frames": 5}),
    ("HiDreamImageTransformer2DModel", {"patch_size": 2, "in_channels": 16, "caption_channels": [512, 512], "llama_layers": [0, 1, 2, 3], "num_layers": 2, "num_single_layers": 2, "num_attention_heads": 8, "axes_dims_rope": [64, 32, 32]}, hidream, SMALL),
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
    ("AutoencoderKLHunyuanVideo15", {}, VIDEO | {"space": 16}),
    ("AutoencoderKLHunyuanImage", {
        "in_channels": 3, "out_channels": 3, "latent_channels": 64, "block_out_channels": [128, 256, 512, 512, 1024, 1024], "layers_per_block": 2,
        "spatial_compression_ratio": 32, "sample_size": 384}, {"width": 2048, "height": 2048, "frames": None, "batch": 1, "space": 32}),
    ("AutoencoderKLMochi", {}, {"width": 848, "height": 480, "frames": 19, "batch": 1, "space": 8, "time": 6}),
    ("AutoencoderKLLTXVideo", {}, {"width": 704, "height": 512, "frames": 33, "batch": 1, "space": 32, "time": 8}),
    ("AutoencoderKLHunyuanVideo", {}, VIDEO | {"tiling": True}),
]


def measure(class_name, config, prepare, real=False):
    """Peak of live bytes beyond weights and inputs, and operations; `prepare` gives what is run."""
    gc.collect()
    with contextlib.nullcontext() if real else FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
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
    cases = [(name, config, settings, step(inputs, settings), False) for name, config, inputs, settings in DENOISERS]
    cases += [(name, config, settings, step(inputs, settings), True) for name, config, inputs, settings in REAL]
    cases += [(name, config, settings, decoding(settings), False) for name, config, settings in AUTOENCODERS]
    rows = []
    for name, config, settings, prepare, real in cases:
        try:
            peak, operations = measure(name, config, prepare, real)
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
