import assert from 'node:assert/strict';
import fc from 'fast-check';
import { contentsOf, recordedModels } from '../../../test/gguf/fixtures';
import type { Blueprint, LayerSpec } from './blueprint';
import { familyArchitectures } from './architectures';
import { blueprintFromConfig } from './blueprintFromConfig';
import { blueprintFromGguf } from './blueprintFromGguf';
import { activeParameterCount, elements, parameterCount } from './parameters';

const models = recordedModels();

function blueprint(name: string, metadata: Readonly<Record<string, unknown>> = {}): Blueprint {
  const model = models[name];
  assert.ok(model !== undefined, name);
  const outcome = blueprintFromGguf(
    contentsOf({ tensors: model.tensors, metadata: { ...model.metadata, ...metadata } }),
    `${name}.gguf`,
  );
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

function reason(metadata: Readonly<Record<string, unknown>>, name = 'llama-gqa'): string {
  const model = models[name];
  assert.ok(model !== undefined);
  const outcome = blueprintFromGguf(
    contentsOf({ tensors: model.tensors, metadata: { ...model.metadata, ...metadata } }),
    'm.gguf',
  );
  assert.ok(!outcome.ok, 'was accepted');
  return outcome.reason;
}

describe('blueprintFromGguf on what the converter wrote', () => {
  for (const [name, model] of Object.entries(models)) {
    const architectures = model.config['architectures'] as readonly string[];
    const fromConfig = familyArchitectures().includes(architectures[0] ?? '')
      ? blueprintFromConfig(model.config)
      : null;

    it(`${name}: every tensor with its name, shape and bytes`, () => {
      const { tensors, checkpointOnly = [] } = blueprint(name);
      const stored = [...tensors, ...checkpointOnly].filter((tensor) => tensor.tiedTo === null);
      assert.deepEqual(
        stored.map((tensor) => [tensor.name, tensor.shape, tensor.storage?.type]),
        model.tensors,
      );
      const bytes = stored.reduce((sum, { storage }) => sum + Math.ceil((storage?.bytes ?? 0) / 32) * 32, 0);
      assert.equal(model.dataOffset + bytes, model.fileBytes);
    });

    // A projector's file has the tower alone.
    if (fromConfig?.ok === true && model.metadata['general.architecture'] !== 'clip')
      it(`${name}: the same layers and parameters as its config gives`, () => {
        const read = blueprint(name);
        const wanted = fromConfig.blueprint;
        assert.deepEqual(read.layers.map(comparable), wanted.layers.map(comparable));
        assert.equal(read.hidden, wanted.hidden);
        assert.equal(read.vocab, wanted.vocab);
        assert.equal(read.task, wanted.task);
        assert.equal(matrixParameters(read), matrixParameters(wanted));
        assert.equal(
          read.tensors.some((tensor) => tensor.tiedTo !== null),
          wanted.tensors.some((tensor) => tensor.tiedTo !== null),
        );
      });
  }

  /** llama.cpp keeps one position less of a convolution than the library's cache does, and every state in f32. */
  function comparable(layer: LayerSpec): unknown {
    const { recurrent } = layer;
    return recurrent === null
      ? layer
      : { ...layer, recurrent: { kind: recurrent.kind, stateElements: recurrent.stateElements } };
  }

  /** Vectors and position tables aside: the converter merges, adds and drops some, and rows for padding. */
  function matrixParameters({ tensors }: Blueprint): number {
    return tensors
      .filter(({ shape, tiedTo, role, module }) => {
        const matrix = shape.filter((size) => size !== 1).length > 1;
        return matrix && tiedTo === null && module !== 'buffer' && !['pooler', 'position'].includes(role);
      })
      .reduce((sum, { shape }) => sum + elements(shape), 0);
  }
});

describe('blueprintFromGguf', () => {
  it('counts the experts that a token passes', () => {
    const { tensors, layers } = blueprint('mixtral');
    const experts = tensors.filter((tensor) => tensor.module === 'experts');
    assert.equal(experts.length, 3 * layers.length);
    assert.deepEqual(experts[0]?.experts, { count: 8, active: 2 });
    assert.deepEqual(layers[0]?.mlp?.moe, { experts: 8, active: 2, intermediate: 256, shared: 0 });
    const inExperts = experts.reduce((sum, { shape }) => sum + elements(shape), 0);
    assert.equal(parameterCount({ tensors }) - activeParameterCount({ tensors }), inExperts * (6 / 8));
  });

  it('reads experts that are a tensor each', () => {
    const model = models['mixtral'];
    assert.ok(model !== undefined);
    const tensors = model.tensors.flatMap(([name, shape, type]): (typeof model.tensors)[number][] => {
      const stack = /^(.*ffn_\w+)_exps\.weight$/u.exec(name);
      if (stack === null) return [[name, shape, type]];
      return Array.from({ length: 8 }, (_, expert) => [
        `${stack[1] ?? ''}.${expert}.weight`,
        shape.slice(1),
        type,
      ]);
    });
    const outcome = blueprintFromGguf(contentsOf({ tensors, metadata: model.metadata }), 'm.gguf');
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.blueprint.layers, blueprint('mixtral').layers);
    assert.equal(activeParameterCount(outcome.blueprint), activeParameterCount(blueprint('mixtral')));
  });

  it('ties the output layer of a decoder that has none', () => {
    const output = blueprint('llama-tied').tensors.find((tensor) => tensor.role === 'head');
    assert.equal(output?.tiedTo, 'token_embd.weight');
    assert.ok(!blueprint('bert').tensors.some((tensor) => tensor.role === 'head'));
  });

  it('keeps the latent of MLA', () => {
    const attention = blueprint('deepseek-v3').layers[0]?.attention;
    assert.deepEqual(attention?.latent, { rank: 256, ropeDim: 32 });
    assert.deepEqual([attention.kvHeads, attention.keyDim, attention.valueDim], [4, 96, 64]);
  });

  it('reads files that were converted before MLA was kept as a latent', () => {
    const { layers } = blueprint('deepseek-v3', {
      'deepseek2.attention.key_length_mla': undefined,
      'deepseek2.attention.head_count_kv': 4,
      'deepseek2.attention.key_length': 96,
      'deepseek2.attention.value_length': 64,
    });
    assert.equal(layers[0]?.attention?.latent, null);
    assert.deepEqual([layers[0].attention.kvHeads, layers[0].attention.keyDim], [4, 96]);
  });

  it('gives llama4 its chunks and gpt-oss its windows', () => {
    assert.deepEqual(
      blueprint('llama4').layers.map(({ attention }) => [attention?.kind, attention?.window]),
      Array.from({ length: 8 }, (_, index) => (index % 4 === 3 ? ['full', null] : ['chunked', 8192])),
    );
    assert.deepEqual(
      blueprint('gpt-oss').layers.map(({ attention }) => attention?.window),
      [128, null, 128, null, 128, null],
    );
  });

  it('takes a pattern per layer from the file', () => {
    const pattern = [true, false, false, true, false, false, true, false, false];
    const { layers } = blueprint('llama-gqa', {
      'llama.attention.sliding_window': 64,
      'llama.attention.sliding_window_pattern': pattern,
    });
    assert.deepEqual(
      layers.map(({ attention }) => attention?.window),
      pattern.map((windowed) => (windowed ? 64 : null)),
    );
  });

  it('ignores a window that llama.cpp does not apply', () => {
    const { layers } = blueprint('llama-gqa', { 'llama.attention.sliding_window': 64 });
    assert.ok(layers.every(({ attention }) => attention?.window === null));
  });

  it('reads heads per layer, and layers without attention', () => {
    const { layers } = blueprint('llama-gqa', {
      'llama.attention.head_count_kv': [8, 0, 4, 2, 2, 2, 2, 2, 2],
    });
    assert.equal(layers[0]?.attention?.kvHeads, 8);
    assert.equal(layers[1]?.attention, null);
    assert.equal(layers[2]?.attention?.kvHeads, 4);
  });

  it('knows states and convolutions', () => {
    const [mamba] = blueprint('mamba').layers;
    assert.equal(mamba?.attention, null);
    assert.deepEqual(mamba.recurrent, {
      kind: 'mamba',
      convElements: 3 * 512,
      stateElements: 16 * 512,
      stateDtype: 'f32',
    });
    const [mamba2] = blueprint('mamba2').layers;
    assert.deepEqual(mamba2?.recurrent, {
      kind: 'mamba2',
      convElements: 3 * (512 + 2 * 64),
      stateElements: 64 * 512,
      stateDtype: 'f32',
    });
    const hybrid = blueprint('falcon-h1').layers[0];
    assert.ok(hybrid?.attention !== null && hybrid?.recurrent?.kind === 'mamba2');
    const lfm = blueprint('lfm2').layers;
    assert.deepEqual(
      lfm.map((layer) => [layer.recurrent?.convElements ?? null, layer.attention?.kvHeads ?? null]),
      [
        [512, null],
        [null, 2],
        [512, null],
        [null, 2],
      ],
    );
  });

  it('leaves layers for multi-token prediction aside', () => {
    const { layers, tensors, checkpointOnly } = blueprint('llama-gqa', { 'llama.nextn_predict_layers': 1 });
    assert.equal(layers.length, 8);
    assert.equal(checkpointOnly?.length, 9);
    assert.ok(!tensors.some((tensor) => tensor.layer === 8));
  });

  it('reads encoder and decoder of T5', () => {
    const { layers } = blueprint('t5');
    assert.deepEqual(
      layers.map((layer) => [layer.component, layer.attention?.causal, layer.cross !== null]),
      [
        ...Array.from({ length: 3 }, () => ['encoder', false, false]),
        ...Array.from({ length: 3 }, () => ['decoder', true, true]),
      ],
    );
  });

  it('reads the vision tower of a projector', () => {
    const { layers, task, hidden, tensors } = blueprint('qwen2_5-vl-projector');
    assert.equal(task, 'vision');
    assert.equal(hidden, 128);
    assert.deepEqual(
      layers.map(({ component, attention, mlp }) => [component, attention?.causal, mlp?.intermediate]),
      Array.from({ length: 4 }, () => ['vision', false, 256]),
    );
    assert.ok(tensors.some((tensor) => tensor.role === 'projector'));
    assert.ok(!tensors.some((tensor) => tensor.role === 'head'));
  });

  it('names the mix, or the type of most bytes', () => {
    assert.equal(blueprint('llama-gqa').quantization, null);
    const model = models['llama-gqa'];
    assert.ok(model !== undefined);
    const tensors = model.tensors.map(
      ([name, shape, type]) => [name, shape, type === 'F16' ? 'Q8_0' : type] as const,
    );
    const read = (fileType: number | undefined): unknown => {
      const outcome = blueprintFromGguf(
        contentsOf({ tensors, metadata: { ...model.metadata, 'general.file_type': fileType } }),
        'm.gguf',
      );
      return outcome.ok ? outcome.blueprint.quantization : outcome.reason;
    };
    assert.deepEqual(read(15), { method: 'gguf', type: 'Q4_K_M' });
    assert.deepEqual(read(999), { method: 'gguf', type: 'Q8_0' });
  });

  it('lists an adapter and a projector, and says that they are parts', () => {
    const tensors = [
      ['blk.0.attn_q.weight.lora_a', [8, 64], 'F16'],
      ['blk.0.attn_q.weight.lora_b', [64, 8], 'F16'],
    ] as const;
    const metadata = {
      'general.architecture': 'llama',
      'general.type': 'adapter',
      'adapter.type': 'lora',
      'general.base_model.0.name': 'Llama 3.1 8B',
    };
    const adapter = blueprintFromGguf(contentsOf({ tensors, metadata }), 'lora.gguf');
    assert.ok(adapter.ok);
    assert.equal(
      adapter.blueprint.notRunnable,
      'lora.gguf is a LoRA adapter of Llama 3.1 8B; the model that it belongs to is another file',
    );
    assert.deepEqual(
      adapter.blueprint.tensors.map(({ name, shape, component }) => [name, shape, component]),
      [
        ['blk.0.attn_q.weight.lora_a', [8, 64], 'adapter'],
        ['blk.0.attn_q.weight.lora_b', [64, 8], 'adapter'],
      ],
    );
    assert.match(
      blueprint('qwen2_5-vl-projector').notRunnable ?? '',
      /is a projector; the language model .* is another file/,
    );
    assert.equal(blueprint('llama-gqa').notRunnable, undefined);
  });

  it('says what is not a model', () => {
    const tensors = [['t', [4], 'F32']] as const;
    const outcome = (metadata: Readonly<Record<string, unknown>>, none = false): unknown => {
      const read = blueprintFromGguf(contentsOf({ tensors: none ? [] : tensors, metadata }), 'm.gguf');
      return read.ok ? 'was accepted' : read.reason;
    };
    assert.match(String(outcome({ 'general.type': 'imatrix' })), /importance matrix/);
    assert.match(String(outcome({ 'general.architecture': 'llama' }, true)), /vocabulary alone/);
    assert.match(String(outcome({})), /general.architecture/);
  });

  it('takes a file of an image model as its tensors', () => {
    const read = blueprintFromGguf(
      contentsOf({
        tensors: [['double_blocks.0.img_attn.qkv.weight', [64, 32], 'Q8_0']],
        metadata: { 'general.architecture': 'flux' },
      }),
      'flux.gguf',
    );
    assert.ok(read.ok);
    assert.equal(read.blueprint.task, 'diffuse');
    assert.deepEqual(read.blueprint.assumptions, ['flux.gguf does not say what its layers keep']);
  });

  it('names the key whose value cannot be right', () => {
    assert.equal(
      reason({ 'llama.block_count': undefined }),
      'llama.block_count is missing, expected a positive integer',
    );
    assert.equal(
      reason({ 'llama.block_count': 1e9 }),
      'llama.block_count is 1000000000, expected at most 4096',
    );
    assert.equal(
      reason({ 'llama.embedding_length': 'many' }),
      'llama.embedding_length is no number, expected a positive integer',
    );
    assert.equal(
      reason({ 'llama.attention.head_count_kv': [1, 2] }),
      'llama.attention.head_count_kv is an array of 2, expected 9 numbers, one per layer',
    );
    assert.equal(
      reason({ 'llama.nextn_predict_layers': 10 }),
      'llama.nextn_predict_layers is 10, expected at most 9',
    );
    assert.equal(
      reason({ 'llama.attention.key_length': -1 }),
      'llama.attention.key_length is -1, expected a positive integer',
    );
  });

  it('answers whatever the values of the keys are', () => {
    const names = Object.keys(models);
    const value = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.string(),
      fc.boolean(),
      fc.array(fc.integer({ min: -3, max: 70_000 }), { maxLength: 12 }),
      fc.constant({ length: 100_000 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.nat(), value), { maxLength: 4 }),
        (name, changes) => {
          const model = models[name];
          assert.ok(model !== undefined);
          const metadata: Record<string, unknown> = { ...model.metadata };
          const keys = Object.keys(metadata);
          for (const [at, changed] of changes) metadata[keys[at % keys.length] ?? ''] = changed;
          const outcome = blueprintFromGguf(contentsOf({ tensors: model.tensors, metadata }), 'm.gguf');
          if (!outcome.ok) assert.match(outcome.reason, /^.{10,300}$/u);
        },
      ),
      { numRuns: 300 },
    );
  });
});
