import type { ModuleKind, TensorRole } from '../blueprint';
import { shown } from '../configReader';
import { KerasProblem, type KerasLayer, type Size } from './kerasLayer';

/** One variable of a layer, under the name that the layer gives it. */
export interface KerasWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: TensorRole;
  readonly module: ModuleKind;
  /** An integer counter, not a parameter. */
  readonly integer?: boolean;
}

type WeightsOf = (layer: KerasLayer) => readonly KerasWeight[];

const other = (name: string, shape: readonly number[], module: ModuleKind = 'linear'): KerasWeight => ({
  name,
  shape,
  role: 'other',
  module,
});

const norm = (name: string, shape: readonly number[]): KerasWeight => ({
  name,
  shape,
  role: 'norm',
  module: 'norm',
});

const bias = (
  layer: KerasLayer,
  shape: readonly number[],
  module: ModuleKind = 'linear',
): readonly KerasWeight[] => (layer.flag('use_bias') ? [other('bias', shape, module)] : []);

/** Spatial dimensions of a class: the digit of its name. */
function rankOf(layer: KerasLayer): number {
  return Number(/(\d)D/u.exec(layer.className)?.[1] ?? 1);
}

const convolution: WeightsOf = (layer) => {
  const rank = rankOf(layer);
  const kernel = layer.sizes('kernel_size', rank);
  const filters = layer.size('filters');
  const groups = layer.optionalSize('groups', 1);
  const channels = layer.channels();
  if (channels % groups !== 0) layer.problem('groups', `a divisor of the ${channels} channels`);
  return [
    other('kernel', [...kernel, channels / groups, filters], 'conv'),
    ...bias(layer, [filters], 'conv'),
  ];
};

const transposedConvolution: WeightsOf = (layer) => {
  const kernel = layer.sizes('kernel_size', rankOf(layer));
  const filters = layer.size('filters');
  return [other('kernel', [...kernel, filters, layer.channels()], 'conv'), ...bias(layer, [filters], 'conv')];
};

const depthwiseConvolution: WeightsOf = (layer) => {
  const kernel = layer.sizes('kernel_size', rankOf(layer));
  const channels = layer.channels();
  const multiplier = layer.optionalSize('depth_multiplier', 1);
  return [
    other('kernel', [...kernel, channels, multiplier], 'conv'),
    ...bias(layer, [channels * multiplier], 'conv'),
  ];
};

const separableConvolution: WeightsOf = (layer) => {
  const rank = rankOf(layer);
  const channels = layer.channels();
  const multiplier = layer.optionalSize('depth_multiplier', 1);
  const filters = layer.size('filters');
  const ones = Array.from({ length: rank }, () => 1);
  return [
    other('depthwise_kernel', [...layer.sizes('kernel_size', rank), channels, multiplier], 'conv'),
    other('pointwise_kernel', [...ones, channels * multiplier, filters], 'conv'),
    ...bias(layer, [filters], 'conv'),
  ];
};

/** Sizes of the input along the axes that a norm works on. */
function normShape(layer: KerasLayer): readonly number[] {
  const input = layer.input();
  return layer.axes('axis', input.length).map((axis) => layer.known(input[axis], axis));
}

const scaleAndCenter: WeightsOf = (layer) => {
  const shape = normShape(layer);
  // With rms_scaling there is a scale alone, as LayerNormalization.build has it.
  const scaled = layer.flag('scale') || layer.flag('rms_scaling', false);
  const centred = layer.flag('center') && !layer.flag('rms_scaling', false);
  return [...(scaled ? [norm('gamma', shape)] : []), ...(centred ? [norm('beta', shape)] : [])];
};

/** An RNN's cell, which is a layer of its own; `gates` matrices lie side by side. */
function cell(name: string, gates: number): WeightsOf {
  return (layer) => {
    const units = layer.size('units');
    const width = gates * units;
    // GRU: two biases where the reset gate comes after the multiplication, as cuDNN has it.
    const twice = name === 'gru_cell' && layer.flag('reset_after');
    return prefixed(name, [
      other('kernel', [layer.inputSize(-1), width]),
      other('recurrent_kernel', [units, width]),
      ...bias(layer, twice ? [2, width] : [width]),
    ]);
  };
}

const convolutionLstm: WeightsOf = (layer) => {
  const kernel = layer.sizes('kernel_size', rankOf(layer));
  const filters = layer.size('filters');
  const channels = layer.inputSize(layer.value('data_format') === 'channels_first' ? 2 : -1);
  return prefixed('conv_lstm_cell', [
    other('kernel', [...kernel, channels, 4 * filters], 'conv'),
    other('recurrent_kernel', [...kernel, filters, 4 * filters], 'conv'),
    ...bias(layer, [4 * filters], 'conv'),
  ]);
};

function prefixed(prefix: string, weights: readonly KerasWeight[]): readonly KerasWeight[] {
  return weights.map((weight) => ({ ...weight, name: `${prefix}/${weight.name}` }));
}

/** query, key, value and output projections, each with heads apart (keras/src/layers/attention). */
const multiHeadAttention: WeightsOf = (layer) => {
  const grouped = layer.className === 'GroupQueryAttention';
  const heads = layer.size(grouped ? 'num_query_heads' : 'num_heads');
  const kvHeads = grouped ? layer.size('num_key_value_heads') : heads;
  const keyDim = layer.size(grouped ? 'head_dim' : 'key_dim');
  const valueDim = grouped ? keyDim : layer.optionalSize('value_dim', keyDim);
  if (layer.flag('use_gate', false)) layer.problem('use_gate', 'false: gates are not known');
  const shapeOf = (key: string): number => layer.known(layer.inputOf(key).at(-1), -1);
  const query = shapeOf('query_shape');
  const value = shapeOf('value_shape');
  const key = grouped || !hasKeyShape(layer) ? value : shapeOf('key_shape');
  const output = outputOf(layer, query);
  const biased = layer.flag('use_bias');
  const part = (
    name: string,
    role: TensorRole,
    kernel: readonly number[],
    vector: readonly number[],
  ): readonly KerasWeight[] => [
    { name: `${name}/kernel`, shape: kernel, role, module: 'linear' },
    ...(biased ? [{ name: `${name}/bias`, shape: vector, role, module: 'linear' } as const] : []),
  ];
  return [
    ...part('query', 'q', [query, heads, keyDim], [heads, keyDim]),
    ...part('key', 'k', [key, kvHeads, keyDim], [kvHeads, keyDim]),
    ...part('value', 'v', [value, kvHeads, valueDim], [kvHeads, valueDim]),
    ...part('attention_output', 'o', [heads, valueDim, ...output], output),
  ];
};

function hasKeyShape(layer: KerasLayer): boolean {
  try {
    layer.inputOf('key_shape');
    return true;
  } catch (error) {
    if (error instanceof KerasProblem) return false;
    throw error;
  }
}

/** `output_shape`: the query's width when absent. */
function outputOf(layer: KerasLayer, query: number): readonly number[] {
  const value = layer.value('output_shape');
  if (value === undefined || value === null) return [query];
  return layer.sizes('output_shape', Array.isArray(value) ? value.length : 1);
}

/** Sizes by the letters of the equation (keras/src/layers/core/einsum_dense.py). */
const einsumDense: WeightsOf = (layer) => {
  const equation = layer.value('equation');
  const parts =
    typeof equation === 'string'
      ? /^(\.{3})?([a-z]+)(\.{3})?,([a-z]+)->(\.{3})?([a-z]+)(\.{3})?$/iu.exec(equation)
      : null;
  if (parts === null) return layer.problem('equation', 'an equation such as abc,cd->abd');
  const [, leading, input = '', , kernel = '', , output = ''] = parts;
  const shape = layer.input();
  const given = layer.value('output_shape');
  const listed: readonly unknown[] = Array.isArray(given) ? given : [given];
  const sizes = new Map<string, Size>();
  // With letters left out in front, both sides are counted from the end; else the batch stands before the output.
  const fromEnd = leading !== undefined;
  for (const [index, letter] of Array.from(input).entries())
    sizes.set(letter, shape.at(fromEnd ? index - input.length : index) ?? null);
  for (const [index, letter] of Array.from(output).entries()) {
    const size = fromEnd ? listed.at(index - output.length) : listed[index - 1];
    if (!sizes.has(letter)) sizes.set(letter, typeof size === 'number' ? size : null);
  }
  const of = (letters: string): readonly number[] =>
    Array.from(letters).map((letter) => {
      const size = sizes.get(letter);
      return typeof size === 'number' && Number.isSafeInteger(size) && size > 0
        ? size
        : layer.problem('equation', `a size for ${shown(letter)}, which output_shape and input leave open`);
    });
  const axes = layer.value('bias_axes');
  if (axes === null || axes === undefined) return [other('kernel', of(kernel))];
  if (typeof axes !== 'string') return layer.problem('bias_axes', 'letters of the output');
  // The bias spans from its first axis to the end; what lies between counts as one.
  const first = Array.from(output).findIndex((letter) => axes.includes(letter));
  if (first === -1) return layer.problem('bias_axes', 'letters of the output');
  const vector = Array.from(output.slice(first)).map((letter) =>
    axes.includes(letter) ? (of(letter)[0] ?? 1) : 1,
  );
  return [other('kernel', of(kernel)), other('bias', vector)];
};

/** Weights of each class of keras.layers that has any. Source: the classes' build methods, keras 3.15. */
export const weightsOf: ReadonlyMap<string, WeightsOf> = new Map<string, WeightsOf>([
  [
    'Dense',
    (layer) => {
      const units = layer.size('units');
      return [other('kernel', [layer.inputSize(-1), units]), ...bias(layer, [units])];
    },
  ],
  ['EinsumDense', einsumDense],
  [
    'Embedding',
    (layer) => [
      {
        name: 'embeddings',
        shape: [layer.size('input_dim'), layer.size('output_dim')],
        role: 'embedding',
        module: 'embedding',
      },
    ],
  ],
  ...['Conv1D', 'Conv2D', 'Conv3D'].map((name) => [name, convolution] as const),
  ...['Conv1DTranspose', 'Conv2DTranspose', 'Conv3DTranspose'].map(
    (name) => [name, transposedConvolution] as const,
  ),
  ...['DepthwiseConv1D', 'DepthwiseConv2D'].map((name) => [name, depthwiseConvolution] as const),
  ...['SeparableConv1D', 'SeparableConv2D'].map((name) => [name, separableConvolution] as const),
  [
    'BatchNormalization',
    (layer) => {
      const shape = normShape(layer);
      return [...scaleAndCenter(layer), norm('moving_mean', shape), norm('moving_variance', shape)];
    },
  ],
  ['LayerNormalization', scaleAndCenter],
  ['GroupNormalization', scaleAndCenter],
  ['RMSNormalization', (layer) => [norm('scale', normShape(layer))]],
  [
    'Normalization',
    (layer) => {
      // With a mean of its own the layer has nothing to learn.
      if (layer.value('mean') !== null && layer.value('mean') !== undefined) return [];
      const axis = layer.value('axis');
      const shape = axis === null || axis === undefined ? [] : normShape(layer);
      return [
        other('mean', shape, 'buffer'),
        other('variance', shape, 'buffer'),
        { ...other('count', [], 'buffer'), integer: true },
      ];
    },
  ],
  [
    'PReLU',
    (layer) => {
      const input = layer.input();
      const shared: readonly unknown[] = Array.isArray(layer.value('shared_axes'))
        ? (layer.value('shared_axes') as readonly unknown[])
        : [];
      const shape = input
        .slice(1)
        .map((size, index) => (shared.includes(index + 1) ? 1 : layer.known(size, index + 1)));
      return [other('alpha', shape, 'parameter')];
    },
  ],
  ['SimpleRNN', cell('simple_rnn_cell', 1)],
  ['GRU', cell('gru_cell', 3)],
  ['LSTM', cell('lstm_cell', 4)],
  ...['ConvLSTM1D', 'ConvLSTM2D', 'ConvLSTM3D'].map((name) => [name, convolutionLstm] as const),
  ['MultiHeadAttention', multiHeadAttention],
  ['GroupQueryAttention', multiHeadAttention],
  [
    'Attention',
    (layer) => [
      ...(layer.flag('use_scale', false) ? [other('scale', [], 'parameter')] : []),
      ...(layer.value('score_mode') === 'concat' ? [other('concat_score_weight', [], 'parameter')] : []),
    ],
  ],
]);

/** Classes of keras.layers without weights of their own. */
export const weightless =
  /^(?:InputLayer|Activation|ReLU|LeakyReLU|ELU|Softmax|Identity|Lambda|Masking|Dropout|AlphaDropout|SpatialDropout\dD|GaussianDropout|GaussianNoise|ActivityRegularization|Flatten|Reshape|Permute|RepeatVector|Add|Subtract|Multiply|Average|Maximum|Minimum|Concatenate|Dot|UnitNormalization|(?:Global)?(?:Adaptive)?(?:Average|Max)Pooling\dD|UpSampling\dD|ZeroPadding\dD|Cropping\dD|Rescaling|Resizing|CenterCrop|Random\w+|AutoContrast|Solarization|Equalization|Pipeline|MixUp|CutMix|AugMix|RandAugment|CategoryEncoding|Discretization|Hashing|HashedCrossing|IntegerLookup|StringLookup|TextVectorization|STFTSpectrogram|MelSpectrogram|MaxNumBoundingBoxes)$/u;
