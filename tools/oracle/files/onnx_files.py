"""Writes small ONNX files with the onnx package, and what it reads in them: test/fixtures/onnx."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FIXTURES = Path(__file__).resolve().parent.parent.parent.parent / "test" / "fixtures" / "onnx"


def values(rng, shape, dtype=np.float32):
    return rng.standard_normal(shape).astype(dtype)


def graph(name, initializers, nodes=None):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 6])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])
    nodes = nodes or [helper.make_node("MatMul", ["x", initializers[0].name], ["y"], name="product")]
    return helper.make_graph(nodes, name, [x], [y], initializers)


def model(made, **options):
    return helper.make_model(made, producer_name="rooflens test", producer_version="1", opset_imports=[helper.make_opsetid("", 21)], **options)


def plain():
    rng = np.random.default_rng(1)
    return model(graph("plain", [
        numpy_helper.from_array(values(rng, (6, 4)), "layer.weight"),
        numpy_helper.from_array(values(rng, (4,)), "layer.bias"),
        numpy_helper.from_array(values(rng, ()), "scale"),
        numpy_helper.from_array(np.array([1, -1], dtype=np.int64), "shape"),
    ]))


def types():
    tensors = []
    for name in ("FLOAT16", "BFLOAT16", "DOUBLE", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "UINT64", "BOOL", "FLOAT8E4M3FN", "FLOAT8E5M2", "UINT4", "INT4", "FLOAT4E2M1"):
        kind = getattr(TensorProto, name)
        tensors.append(helper.make_tensor(name.lower(), kind, [3, 5], np.ones(15)))
    return model(graph("types", tensors))


def typed_data():
    """Data in the typed fields rather than as raw bytes, a string, a sparse tensor."""
    weight = helper.make_tensor("floats", TensorProto.FLOAT, [6, 4], [0.5] * 24)
    words = helper.make_tensor("words", TensorProto.STRING, [2], [b"a", b"b"])
    made = graph("typed", [weight, words, helper.make_tensor("longs", TensorProto.INT64, [3], [1, 2, 3])])
    entries = helper.make_tensor("sparse", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])
    made.sparse_initializer.append(helper.make_sparse_tensor(entries, helper.make_tensor("at", TensorProto.INT64, [3], [1, 5, 9]), [100]))
    return model(made)


def nested():
    """A constant, and graphs with weights of their own within a node and within a function."""
    rng = np.random.default_rng(2)
    constant = helper.make_node("Constant", [], ["constant"], name="c", value=numpy_helper.from_array(values(rng, (30, 10))))
    small = helper.make_node("Constant", [], ["small"], value=numpy_helper.from_array(values(rng, (3,))))
    out = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    branches = {
        name: helper.make_graph([helper.make_node("Identity", ["w"], ["z"])], name, [], [out], [numpy_helper.from_array(values(rng, (20, 10)), "w")])
        for name in ("then_branch", "else_branch")
    }
    choice = helper.make_node("If", ["flag"], ["y"], name="choose", **branches)
    function = helper.make_function("own", "Twice", ["a"], ["b"], [helper.make_node("Constant", [], ["t"], value=numpy_helper.from_array(values(rng, (200,)))), helper.make_node("Add", ["a", "t"], ["b"])], [helper.make_opsetid("", 21)])
    flag = numpy_helper.from_array(np.array(True), "flag")
    return model(graph("nested", [flag], [constant, small, choice]), functions=[function])


def described(loaded, names) -> list:
    return [[name, list(tensor.dims), TensorProto.DataType.Name(tensor.data_type), size_of(tensor)] for name, tensor in names]


def size_of(tensor) -> int:
    if tensor.data_type in (TensorProto.UINT4, TensorProto.INT4, TensorProto.FLOAT4E2M1):
        return -(-int(np.prod(tensor.dims)) // 2)
    return int(np.prod(tensor.dims)) * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize


def initializers(loaded) -> list:
    return [(tensor.name, tensor) for tensor in loaded.graph.initializer if tensor.data_type != TensorProto.STRING]


def main() -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    answers = {}
    for name, made in (("plain", plain()), ("types", types()), ("typed", typed_data()), ("nested", nested())):
        path = FIXTURES / f"{name}.onnx"
        onnx.save(made, path)
        loaded = onnx.load(path)
        named = initializers(loaded)
        for sparse in loaded.graph.sparse_initializer:
            named += [(sparse.values.name, sparse.values), (sparse.indices.name, sparse.indices)]
        for node in loaded.graph.node:
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.TENSOR and attribute.ByteSize() >= 256:
                    named.append((node.output[0], attribute.t))
                elif attribute.type == onnx.AttributeProto.GRAPH:
                    named += [(f"{node.name}/{attribute.name}/{tensor.name}", tensor) for tensor in attribute.g.initializer]
        for function in loaded.functions:
            named += [(f"{function.name}/{node.output[0]}", node.attribute[0].t) for node in function.node if node.op_type == "Constant"]
        answers[name] = described(loaded, named)
    path = FIXTURES / "external.onnx"
    (FIXTURES / "external.onnx.data").unlink(missing_ok=True)
    rng = np.random.default_rng(3)
    onnx.save(model(graph("external", [numpy_helper.from_array(values(rng, (6, 100)), "far.weight"), numpy_helper.from_array(values(rng, (100, 4)), "far.other"), numpy_helper.from_array(values(rng, (4,)), "near.bias")])), path, save_as_external_data=True, location="external.onnx.data", size_threshold=64)
    answers["external"] = described(None, initializers(onnx.load(path, load_external_data=False)))
    (FIXTURES / "answers.json").write_text(json.dumps({"library": f"onnx {onnx.__version__}", "files": answers}, separators=(",", ":")) + "\n")
    print(f"onnx: onnx {onnx.__version__}, {len(answers)} files, {sum(f.stat().st_size for f in FIXTURES.iterdir())} bytes")


if __name__ == "__main__":
    main()
