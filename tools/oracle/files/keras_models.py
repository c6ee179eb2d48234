"""Builds models of Keras 3 and writes down their configs and weights: test/fixtures/keras."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
from keras import layers as L  # noqa: E402

FIXTURES = Path(__file__).resolve().parent.parent.parent.parent / "test" / "fixtures" / "keras"


def weights(layer, prefix=""):
    """(name, shape, dtype) of all weights: a nested model's name, the layer's, and what the layer calls its variable."""
    found = []
    for inner in layer.layers:
        if hasattr(inner, "layers") and isinstance(inner, keras.Model):
            found += weights(inner, f"{prefix}{inner.name}/")
            continue
        for variable in inner.weights:
            own = variable.path.split(f"{inner.name}/")[-1] if f"{inner.name}/" in variable.path else variable.path
            found.append([f"{prefix}{inner.name}/{own}", list(variable.shape), str(variable.dtype)])
    return found


def chain(input_shape, *layers, dtype="float32"):
    x = inputs = keras.Input(input_shape, dtype=dtype)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x, name="chain")


def attention(layer, *shapes):
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, layer(*inputs), name="attending")


def residual():
    inputs = keras.Input((16, 16, 3))
    x = L.Conv2D(8, 3, padding="same")(inputs)
    y = L.Conv2D(8, 3, padding="same", use_bias=False)(x)
    y = L.BatchNormalization()(y)
    y = L.ReLU()(y)
    z = L.add([x, y])
    return keras.Model(inputs, L.Dense(10, activation="softmax")(L.GlobalAveragePooling2D()(z + 1.0)), name="residual")


def transformer():
    inputs = keras.Input((32,), dtype="int32")
    x = L.Embedding(1000, 24)(inputs)
    for _ in range(2):
        attended = L.MultiHeadAttention(4, 6)(x, x)
        x = L.LayerNormalization()(x + attended)
        x = L.LayerNormalization()(x + L.Dense(24)(L.Dense(96, activation="gelu")(x)))
    return keras.Model(inputs, L.Dense(5)(L.GlobalAveragePooling1D()(x)), name="transformer")


def nested():
    inner = keras.Sequential([keras.Input((8,)), L.Dense(6), keras.Sequential([L.Dense(4, use_bias=False)], name="innermost")], name="inner")
    inputs = keras.Input((8,))
    branch = chain((8,), L.Dense(3, name="own"))
    return keras.Model(inputs, L.concatenate([inner(inputs), branch(inputs)]), name="nested")


def shared():
    dense = L.Dense(7, name="shared")
    inputs = keras.Input((7,))
    return keras.Model(inputs, dense(dense(inputs)), name="twice")


MODELS = {
    "dense": lambda: keras.Sequential([keras.Input((784,)), L.Dense(128, activation="relu"), L.Dropout(0.2), L.Dense(10, use_bias=False)]),
    "residual": residual,
    "transformer": transformer,
    "nested": nested,
    "shared": shared,
    "convolutions": lambda: chain((20, 24, 6), L.Conv2D(8, (3, 5), groups=2), L.DepthwiseConv2D(3, depth_multiplier=2), L.SeparableConv2D(10, 3, depth_multiplier=3), L.Conv2DTranspose(4, (2, 3), use_bias=False), L.PReLU(shared_axes=[1, 2])),
    "convolutions of other ranks": lambda: keras.Model(
        inputs := [keras.Input((30, 5)), keras.Input((9, 9, 9, 2))],
        [
            L.Conv1DTranspose(4, 3)(L.SeparableConv1D(6, 3)(L.DepthwiseConv1D(3)(L.Conv1D(8, 4)(inputs[0])))),
            L.Conv3DTranspose(3, 2)(L.Conv3D(4, 3)(inputs[1])),
        ],
    ),
    "channels first": lambda: chain((4, 12, 12), L.Conv2D(6, 3, data_format="channels_first"), L.BatchNormalization(axis=1, scale=False), L.GroupNormalization(3, axis=1)),
    "norms": lambda: chain((9, 8), L.BatchNormalization(center=False), L.LayerNormalization(axis=[1, 2]), L.LayerNormalization(center=False), L.LayerNormalization(rms_scaling=True), L.GroupNormalization(4, scale=False), L.RMSNormalization(), L.Normalization(), L.UnitNormalization()),
    "recurrent": lambda: chain((12, 5), L.LSTM(7, return_sequences=True), L.GRU(6, return_sequences=True), L.GRU(6, return_sequences=True, reset_after=False), L.SimpleRNN(4, use_bias=False)),
    "both directions": lambda: chain((12, 5), L.Bidirectional(L.LSTM(7, return_sequences=True)), L.Bidirectional(L.GRU(3)), L.Dense(2)),
    "per time step": lambda: chain((4, 10, 10, 3), L.TimeDistributed(L.Conv2D(5, 3)), L.ConvLSTM2D(6, 3), L.Flatten(), L.Dense(3)),
    "attention": lambda: attention(L.MultiHeadAttention(3, 5, value_dim=4, output_shape=11, use_bias=False), (6, 8), (7, 9), (7, 10)),
    "grouped attention": lambda: attention(L.GroupQueryAttention(6, 8, 2), (6, 12), (7, 12)),
    "einsum": lambda: chain((9, 12), L.EinsumDense("abc,cde->abde", output_shape=(None, 4, 5), bias_axes="de"), L.EinsumDense("...de,def->...f", output_shape=7, bias_axes="f"), L.EinsumDense("abc,c->abc", output_shape=(None, 7))),
    "half precision": lambda: chain((6,), L.Dense(4, dtype="bfloat16"), L.Dense(3, dtype="mixed_float16"), L.Dense(2, dtype="bfloat16"), L.Dense(5, dtype="bfloat16")),
    "images": lambda: chain((32, 32, 3), L.Rescaling(1 / 255), L.RandomFlip(), L.RandomRotation(0.1), L.Conv2D(4, 3), L.MaxPooling2D(), L.Flatten(), L.Dense(2)),
    "sequences of words": lambda: chain((20,), L.Embedding(500, 16, mask_zero=True), L.SpatialDropout1D(0.1), L.Bidirectional(L.LSTM(8)), L.Dense(1), dtype="int32"),
}


def main() -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    answers = []
    for label, build in MODELS.items():
        keras.backend.clear_session()
        model = build()
        answers.append({"label": label, "config": json.loads(model.to_json()), "parameters": sum(v.shape.num_elements() if hasattr(v.shape, "num_elements") else int(__import__("math").prod(v.shape)) for v in model.weights if "int" not in str(v.dtype)), "weights": weights(model)})
    text = json.dumps({"library": f"keras {keras.__version__}", "answers": answers}, separators=(",", ":"))
    (FIXTURES / "models.json.gz").write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    keras.backend.clear_session()
    keras.Sequential([keras.Input((6,)), L.Dense(4, name="one"), L.Dense(2, name="two")], name="small").save(FIXTURES / "small.keras")
    print(f"keras: keras {keras.__version__}, {len(answers)} models")


if __name__ == "__main__":
    main()
