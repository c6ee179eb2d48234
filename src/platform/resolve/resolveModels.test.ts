import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ggufFile } from '../../../test/gguf/ggufBytes';
import type { Recognition } from '../../core/job/job';
import { recognise } from '../../core/job/recognise';
import { joinFiles } from './joinFiles';
import type { ResolveContext } from './findModel';
import { resolveModels, type ResolvedModels } from './resolveModels';

const llama = (layers: number): Record<string, unknown> => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 128,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  num_hidden_layers: layers,
  vocab_size: 100,
  max_position_embeddings: 512,
  torch_dtype: 'bfloat16',
});

describe('resolveModels', () => {
  let root: string;
  let workspace: string;
  let file: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'resolve-')));
    workspace = join(root, 'w');
    file = join(workspace, 'a', 'b', 'train.yaml');
    write(file, '');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(path: string, content: string | object): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }

  function context(more: Partial<ResolveContext> = {}): ResolveContext {
    return {
      filePath: file,
      workspaceRoot: workspace,
      modelOverrides: {},
      environment: { HF_HOME: join(root, 'hf') },
      ...more,
    };
  }

  function recognition(name: string, more = ''): Recognition {
    const text = `base_model: ${name}\ndatasets: []\n${more}`;
    const { outcome } = recognise(text, { path: file, contextLength: 8192 });
    assert.ok(outcome.outcome === 'recognised', JSON.stringify(outcome));
    return outcome.recognition;
  }

  function resolved(name: string, more = '', changes: Partial<ResolveContext> = {}): Promise<ResolvedModels> {
    const read = recognition(name, more);
    return resolveModels(read.jobs[0]!, read, context(changes));
  }

  /** Layers of the model that was found, or why none was. */
  async function found(
    name: string,
    more = '',
    changes: Partial<ResolveContext> = {},
  ): Promise<number | string> {
    const { models } = await resolved(name, more, changes);
    const { outcome } = models[0]!;
    return outcome.ok ? outcome.blueprint.layers.length : outcome.reason;
  }

  it('takes a path from the workspace, then from beside the file, then from the folders between', async () => {
    write(join(workspace, 'a', 'm', 'config.json'), llama(3));
    assert.equal(await found('./m'), 3);
    write(join(workspace, 'a', 'b', 'm', 'config.json'), llama(2));
    assert.equal(await found('./m'), 2);
    write(join(workspace, 'm', 'config.json'), llama(1));
    assert.equal(await found('./m'), 1);
    assert.equal(await found('m'), 1);
    assert.equal(await found(join(workspace, 'a', 'm')), 3);
    assert.equal(await found('m/config.json'), 1);
    // Nothing above the workspace is searched.
    write(join(root, 'above', 'config.json'), llama(1));
    assert.equal(await found('./above'), './above is not on this machine');
  });

  it('takes any JSON file that is named as a config', async () => {
    write(join(workspace, 'configs', 'tiny.json'), llama(5));
    assert.equal(await found('configs/tiny.json'), 5);
  });

  it('takes a GGUF file as the model that its header describes', async () => {
    const { header, size } = ggufFile(
      [
        (b) => b.string('general.architecture', 'llama'),
        (b) => b.uint('llama.block_count', 3),
        (b) => b.uint('llama.embedding_length', 256),
        (b) => b.uint('llama.attention.head_count', 4),
      ],
      [{ name: 'blk.0.attn_q.weight', dims: [256, 256], type: 'Q4_K' }],
    );
    const path = join(workspace, 'models', 'm.gguf');
    mkdirSync(dirname(path));
    writeFileSync(path, header);
    truncateSync(path, size);
    assert.equal(await found('models/m.gguf'), 3);
    const { models, files } = await resolved('models/m.gguf');
    assert.deepEqual(files, [path]);
    assert.equal(models[0]?.source, 'the workspace');
    truncateSync(path, 20);
    assert.match(String(await found('models/m.gguf')), /^m\.gguf: /);
  });

  it('takes a projector beside a model, and not for one', async () => {
    const { header, size } = ggufFile(
      [
        (b) => b.string('general.architecture', 'clip'),
        (b) => b.uint('clip.vision.block_count', 1),
        (b) => b.uint('clip.vision.embedding_length', 64),
        (b) => b.uint('clip.vision.attention.head_count', 4),
      ],
      [
        { name: 'v.blk.0.attn_q.weight', dims: [64, 64], type: 'F16' },
        { name: 'mm.0.weight', dims: [64, 256], type: 'F16' },
      ],
    );
    const path = join(workspace, 'mmproj.gguf');
    writeFileSync(path, header);
    truncateSync(path, size);
    const outcomeAs = async (
      role: string,
    ): Promise<ResolvedModels['models'][number]['outcome'] | undefined> => {
      const text = JSON.stringify({ schema: 1, engine: 'llama.cpp', models: [{ role, path }] });
      const { outcome } = recognise(text, { path: '/w/a.rooflens.json', contextLength: 8192 });
      assert.ok(outcome.outcome === 'recognised');
      const { models } = await resolveModels(outcome.recognition.jobs[0]!, outcome.recognition, context());
      return models[0]?.outcome;
    };
    const projector = await outcomeAs('projector');
    assert.ok(projector?.ok === true);
    assert.deepEqual(
      projector.blueprint.tensors.map(({ component }) => component),
      ['vision', 'projector'],
    );
    const main = await outcomeAs('main');
    assert.ok(main?.ok === false);
    assert.match(main.reason, /^mmproj\.gguf is a projector; the language model .* is another file$/);
  });

  it('takes a folder that looks like a hub id, and what the user pointed to before it', async () => {
    write(join(workspace, 'org', 'name', 'config.json'), llama(2));
    assert.equal(await found('org/name'), 2);
    write(join(root, 'pointed', 'config.json'), llama(7));
    const modelOverrides = { 'org/name': join(root, 'pointed', 'config.json') };
    assert.equal(await found('org/name', '', { modelOverrides }), 7);
  });

  it('reads the Hugging Face cache: the revision, the branch, the newest snapshot', async () => {
    const repository = join(root, 'hf', 'hub', 'models--org--name');
    const blob = join(repository, 'blobs', 'abc');
    write(blob, llama(4));
    mkdirSync(join(repository, 'snapshots', 'c1'), { recursive: true });
    symlinkSync(blob, join(repository, 'snapshots', 'c1', 'config.json'));
    assert.equal(await found('org/name'), 4);
    write(join(repository, 'snapshots', 'c2', 'config.json'), llama(2));
    write(join(repository, 'refs', 'main'), 'c1');
    write(join(repository, 'refs', 'v2'), 'c2');
    assert.equal(await found('org/name'), 4);
    assert.equal(await found('org/name', 'revision_of_model: v2\n'), 2);
    assert.equal(await found('org/name', 'revision_of_model: v3\n'), 'org/name is not on this machine');
    const { models } = await resolved('org/name');
    assert.equal(models[0]?.source, 'the Hugging Face cache');
    assert.equal(models[0].id, 'org/name');
  });

  it('follows the variables that move the cache', async () => {
    const at = (folder: string): string => join(folder, 'models--org--name', 'snapshots', 'c', 'config.json');
    const environment = {
      HF_HUB_CACHE: join(root, '1'),
      HUGGINGFACE_HUB_CACHE: join(root, '2'),
      HF_HOME: join(root, '3'),
      XDG_CACHE_HOME: join(root, '4'),
    };
    const folders = [
      join(root, '4', 'huggingface', 'hub'),
      join(root, '3', 'hub'),
      join(root, '2'),
      join(root, '1'),
    ];
    const names = ['XDG_CACHE_HOME', 'HF_HOME', 'HUGGINGFACE_HUB_CACHE', 'HF_HUB_CACHE'];
    for (const [index, folder] of folders.entries()) {
      write(at(folder), llama(index + 1));
      const given = Object.fromEntries(
        Object.entries(environment).filter(([name]) => names.indexOf(name) <= index),
      );
      assert.equal(await found('org/name', '', { environment: given }), index + 1, folder);
    }
  });

  it('knows common models by name when they are not here', async () => {
    const { models, files } = await resolved('unsloth/Meta-Llama-3.1-8B-Instruct');
    assert.equal(models[0]?.outcome.ok, true);
    assert.match(models[0].source, /built-in table \(meta-llama\/Llama-3\.1-8B\)/);
    assert.deepEqual(files, []);
    assert.equal(await found('org/unheard-of-9b'), 'org/unheard-of-9b is not on this machine');
  });

  it('knows the shapes of a GGUF repository once the document says the type', async () => {
    const shapes = async (more: object): Promise<boolean> => {
      const model = { hub: 'bartowski/Meta-Llama-3.1-8B-Instruct-GGUF', ...more };
      const text = JSON.stringify({ engine: 'llama.cpp', model });
      const { outcome } = recognise(text, { path: '/w/a.rooflens.json', contextLength: 8192 });
      assert.ok(outcome.outcome === 'recognised');
      const { models } = await resolveModels(outcome.recognition.jobs[0]!, outcome.recognition, context());
      return models[0]!.outcome.ok;
    };
    assert.equal(await shapes({ quantization: { method: 'gguf', type: 'Q4_K_M' } }), true);
    assert.equal(await shapes({}), false);
  });

  it('goes from an adapter to its base, and ends where that leads back', async () => {
    write(join(workspace, 'adapter', 'adapter_config.json'), {
      peft_type: 'LORA',
      base_model_name_or_path: './base',
    });
    write(join(workspace, 'base', 'config.json'), llama(6));
    assert.equal(await found('./adapter'), 6);
    write(join(workspace, 'x', 'adapter_config.json'), { peft_type: 'LORA', base_model_name_or_path: './y' });
    write(join(workspace, 'y', 'adapter_config.json'), { peft_type: 'LORA', base_model_name_or_path: './x' });
    assert.match(String(await found('./x')), /leads back to itself/);
    write(join(workspace, 'z', 'adapter_config.json'), {
      peft_type: 'LORA',
      base_model_name_or_path: './gone',
    });
    assert.match(String(await found('./z')), /base model \.\/gone .* is not on this machine/);
  });

  it('reads the quantisation that lies beside a config, found or open', async () => {
    const quantized = { quantization: { quant_algo: 'NVFP4', kv_cache_quant_algo: 'FP8' } };
    write(join(workspace, 'q', 'config.json'), llama(1));
    write(join(workspace, 'q', 'hf_quant_config.json'), quantized);
    const { models } = await resolved('./q');
    const outcome = models[0]!.outcome;
    assert.ok(outcome.ok);
    assert.equal(outcome.blueprint.quantization?.method, 'nvfp4');

    const path = join(workspace, 'q', 'config.json');
    const { outcome: open } = recognise(JSON.stringify(llama(1)), { path, contextLength: 8192 });
    assert.ok(open.outcome === 'recognised');
    const bare = await resolveModels(
      open.recognition.jobs[0]!,
      open.recognition,
      context({ filePath: path }),
    );
    const opened = bare.models[0]!.outcome;
    assert.ok(opened.ok);
    assert.equal(opened.blueprint.quantization?.method, 'nvfp4');
  });

  it('says in a sentence why a config cannot be read', async () => {
    write(join(workspace, 'broken', 'config.json'), '[1, 2');
    assert.match(String(await found('./broken')), /is not a JSON object/);
    write(join(workspace, 'large', 'config.json'), '');
    truncateSync(join(workspace, 'large', 'config.json'), 200e6);
    assert.match(String(await found('./large')), /has 200 MB; a config has at most 8 MB/);
    write(join(workspace, 'odd', 'config.json'), { ...llama(1), num_hidden_layers: -1 });
    assert.match(String(await found('./odd')), /num_hidden_layers is -1/);
    mkdirSync(join(workspace, 'empty'));
    assert.equal(await found('./empty'), './empty is not on this machine');
  });

  it('reads a changed config again', async () => {
    const path = join(workspace, 'm', 'config.json');
    write(path, llama(1));
    assert.equal(await found('./m'), 1);
    write(path, { ...llama(2), note: 'longer than before' });
    assert.equal(await found('./m'), 2);
    const { files } = await resolved('./m');
    assert.deepEqual(files, [path]);
  });

  it('joins the files that a document names', async () => {
    const read = recognition('org/name', 'deepspeed: configs/z.json\n');
    assert.deepEqual(await joinFiles(read.references, context()), { joined: {}, files: [] });
    const path = join(workspace, 'configs', 'z.json');
    write(path, { zero_optimization: { stage: 1 } });
    const { joined, files } = await joinFiles(read.references, context());
    assert.deepEqual(files, [path]);
    assert.equal(joined['deepspeed']?.path, path);
    truncateSync(path, 100e6);
    assert.deepEqual(await joinFiles(read.references, context()), { joined: {}, files: [] });
  });

  describe('with a diffusers pipeline', () => {
    const unet = {
      _class_name: 'UNet2DConditionModel',
      _diffusers_version: '0.19.0',
      block_out_channels: [32, 64],
      down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
      up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
      cross_attention_dim: 16,
    };
    const index = {
      _class_name: 'StableDiffusionPipeline',
      _diffusers_version: '0.6.0',
      scheduler: ['diffusers', 'PNDMScheduler'],
      safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'],
      text_encoder: ['transformers', 'LlamaModel'],
      unet: ['diffusers', 'UNet2DConditionModel'],
    };
    const folder = (): string => join(workspace, 'sd');

    async function read(): Promise<ResolvedModels> {
      const path = join(folder(), 'model_index.json');
      const { outcome } = recognise(JSON.stringify(index), { path, contextLength: 8192 });
      assert.ok(outcome.outcome === 'recognised');
      const [job] = outcome.recognition.jobs;
      assert.ok(job !== undefined);
      return resolveModels(job, outcome.recognition, context({ filePath: path }));
    }

    it('is the sum of its parts, each from its own folder', async () => {
      write(join(folder(), 'model_index.json'), index);
      write(join(folder(), 'unet', 'config.json'), unet);
      write(join(folder(), 'text_encoder', 'config.json'), { ...llama(2), architectures: ['LlamaModel'] });
      const { models, files } = await read();
      assert.deepEqual(
        models.map(({ part, outcome }) => [part, outcome.ok]),
        [
          ['unet', true],
          ['safety_checker', true],
          ['text_encoder', true],
        ],
      );
      assert.ok(files.some((file) => file.endsWith(join('unet', 'config.json'))));
    });

    it('names what is not there in one sentence', async () => {
      write(join(folder(), 'model_index.json'), index);
      const { models } = await read();
      const [main] = models;
      assert.ok(main?.outcome.ok === false);
      assert.equal(
        main.outcome.reason,
        "this pipeline's unet and text_encoder are not beside its model_index.json",
      );
    });
  });
});
