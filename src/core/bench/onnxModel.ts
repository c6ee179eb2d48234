import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * Builds ONNX models in memory. Message layouts and field numbers: `onnx/onnx.proto` of the ONNX project (ModelProto, GraphProto,
 * NodeProto, AttributeProto, TensorProto, ValueInfoProto, IR version 8, operator set 17). Only what the benchmark graphs need
 * is written; the wire format itself is protobuf's own library's.
 */

/** TensorProto.DataType */
const dataType = { float32: 1, int64: 7 } as const;
const irVersion = 8;
const operatorSet = 17;
/** TensorProto.DataLocation.EXTERNAL */
const external = 1;
/** AttributeProto.AttributeType.INT */
const intAttribute = 2;

/** One operation: ONNX operator, names of the values it reads, name of the value it makes. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly intAttributes?: Readonly<Record<string, number>>;
}

/** A constant tensor. float32 data stays outside the model's bytes, which would otherwise be copied several times. */
export interface OnnxConstant {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | readonly number[];
}

/** A named float32 input or output. */
export interface OnnxValue {
  readonly name: string;
  readonly dims: readonly number[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Data that a model refers to by a label, as onnxruntime's `externalData` wants it. */
export interface ExternalData {
  readonly path: string;
  readonly data: Uint8Array;
}

export interface OnnxModel {
  /** A serialised ModelProto. */
  readonly bytes: Uint8Array;
  readonly externalData: readonly ExternalData[];
}

/** Serialises a graph. float32 constants become external data under their own name; number lists become int64 tensors inside. */
export function onnxModel(graph: OnnxGraph): OnnxModel {
  const bytes = message((model) => {
    varint(model, 1, irVersion);
    text(model, 2, 'rooflens');
    nested(model, 7, (body) => {
      for (const node of graph.nodes) nested(body, 1, (writer) => writeNode(writer, node));
      text(body, 2, 'benchmark');
      for (const constant of graph.constants) nested(body, 5, (writer) => writeTensor(writer, constant));
      for (const input of graph.inputs) nested(body, 11, (writer) => writeValueInfo(writer, input));
      for (const output of graph.outputs) nested(body, 12, (writer) => writeValueInfo(writer, output));
    });
    nested(model, 8, (operators) => {
      text(operators, 1, '');
      varint(operators, 2, operatorSet);
    });
  });
  return {
    bytes,
    externalData: graph.constants.flatMap(({ name, data }) =>
      data instanceof Float32Array
        ? [{ path: name, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }]
        : [],
    ),
  };
}

function writeNode(writer: BinaryWriter, node: OnnxNode): void {
  for (const input of node.inputs) text(writer, 1, input);
  text(writer, 2, node.output);
  text(writer, 3, node.output);
  text(writer, 4, node.operator);
  for (const [name, value] of Object.entries(node.intAttributes ?? {})) {
    nested(writer, 5, (attribute) => {
      text(attribute, 1, name);
      varint(attribute, 3, value);
      varint(attribute, 20, intAttribute);
    });
  }
}

function writeTensor(writer: BinaryWriter, { name, dims, data }: OnnxConstant): void {
  for (const dim of dims) varint(writer, 1, dim);
  if (data instanceof Float32Array) {
    varint(writer, 2, dataType.float32);
    text(writer, 8, name);
    nested(writer, 13, (entry) => {
      text(entry, 1, 'location');
      text(entry, 2, name);
    });
    varint(writer, 14, external);
  } else {
    varint(writer, 2, dataType.int64);
    for (const value of data) varint(writer, 7, value);
    text(writer, 8, name);
  }
}

function writeValueInfo(writer: BinaryWriter, value: OnnxValue): void {
  text(writer, 1, value.name);
  nested(writer, 2, (type) =>
    nested(type, 1, (tensor) => {
      varint(tensor, 1, dataType.float32);
      nested(tensor, 2, (shape) => {
        for (const dim of value.dims) nested(shape, 1, (dimension) => varint(dimension, 1, dim));
      });
    }),
  );
}

function message(write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

function nested(writer: BinaryWriter, field: number, write: (writer: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function varint(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}
