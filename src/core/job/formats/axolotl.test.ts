import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sharedPath } from '../../../../test/shared';
import type { JoinedFile } from '../format';
import { applyEdits } from '../document/editDocument';
import type { Job, Recognition } from '../job';
import type { TrainingSettings } from '../jobDocument';
import { recognise } from '../recognise';
import { axolotl } from './axolotl';

const context = { path: '/w/config.yaml', contextLength: 8192 };
const base =
  'base_model: NousResearch/Meta-Llama-3-8B\nlearning_rate: 1e-4\ndatasets:\n  - path: a/b\n    type: alpaca\n';

function recognition(text: string, joined: Readonly<Record<string, JoinedFile>> = {}): Recognition {
  const whole = text.includes('base_model:') ? text : base + text;
  const { outcome } = recognise(whole, { ...context, joined });
  assert.equal(outcome.outcome, 'recognised', JSON.stringify(outcome));
  return outcome.recognition;
}

function job(text: string): Job {
  const { jobs, problems } = recognition(text);
  assert.deepEqual(problems, []);
  return jobs[0]!;
}

const training = (text: string): TrainingSettings => job(text).document.training;

function problemsOf(text: string): readonly string[] {
  return recognition(text).problems.map((problem) => problem.message);
}

describe('axolotl', () => {
  it("has axolotl's defaults, each with its source", () => {
    const { document, origins, anchorKey } = job('');
    const { training: settings } = document;
    assert.equal(document.engine.name, 'axolotl');
    assert.equal(document.task, 'train');
    assert.deepEqual(
      [settings.sequenceLength, settings.microBatch, settings.gradientAccumulation, settings.packing],
      [512, 1, 1, false],
    );
    assert.equal(settings.gradientCheckpointing, 'none');
    assert.equal(settings.optimizer.name, 'adamw');
    assert.equal(settings.optimizer.implementation, 'fused');
    assert.equal(settings.method, 'full');
    assert.equal(settings.precision, 'bf16');
    assert.equal(settings.attention, 'sdpa');
    assert.equal(settings.data.epochs, 1);
    assert.equal(origins['training.optimizer']?.source, 'axolotl 0.19: adamw_torch_fused');
    assert.equal(origins['training.sequenceLength']?.source, 'axolotl 0.19: 512');
    assert.equal(anchorKey, 'base_model');
  });

  it('keeps the place of every key that it reads', () => {
    const text =
      'micro_batch_size: 8\nlora_r: 16\nadapter: lora\nlora_target_linear: true\noptimizer: adafactor\n';
    const { jobs } = recognition(text);
    const whole = base + text;
    for (const [path, written] of [
      ['training.microBatch', '8'],
      ['training.lora.rank', '16'],
      ['training.method', 'lora'],
      ['training.optimizer', 'adafactor'],
      ['training.optimizer.name', 'adafactor'],
      ['models.0.hub', 'NousResearch/Meta-Llama-3-8B'],
    ] as const) {
      const origin = jobs[0]!.origins[path];
      assert.ok(origin?.valueSpan, path);
      assert.equal(whole.slice(origin.valueSpan.start, origin.valueSpan.end), written);
      assert.equal(origin.origin, 'exact');
    }
    assert.equal(jobs[0]!.origins['training.microBatch']?.source, 'config.yaml line 6');
  });

  it('loads the base in the bits that axolotl would', () => {
    const quantization = (text: string): unknown => job(text).document.models[0]?.quantization;
    const lora = 'lora_r: 8\nlora_target_linear: true\n';
    assert.deepEqual(quantization(`${lora}adapter: qlora\nload_in_4bit: true\n`), {
      method: 'bnb-nf4',
      bits: 4,
      doubleQuant: true,
    });
    assert.deepEqual(quantization(`${lora}adapter: lora\nload_in_8bit: true\n`), {
      method: 'bnb-int8',
      bits: 8,
    });
    assert.equal(quantization(`${lora}adapter: lora\n`), undefined);
    const experts =
      'lora_r: 8\nlora_target_modules: [q_proj]\nload_in_4bit: true\nquantize_moe_experts: true\n';
    assert.deepEqual(quantization(`${experts}adapter: qlora\n`), {
      method: 'bnb-nf4',
      bits: 4,
      doubleQuant: true,
      experts: true,
    });
    assert.deepEqual(
      quantization(
        `${lora}adapter: qlora\nload_in_4bit: true\nbnb_config_kwargs:\n  bnb_4bit_use_double_quant: false\n`,
      ),
      { method: 'bnb-nf4', bits: 4, doubleQuant: false },
    );
    assert.equal(
      quantization(
        'model_quantization_config: Mxfp4Config\nmodel_quantization_config_kwargs:\n  dequantize: true\n',
      ),
      null,
    );
  });

  it('reads the forms of checkpointing and offloading', () => {
    const both = (text: string): unknown => [
      training(text).gradientCheckpointing,
      training(text).activationOffload,
    ];
    const lora = 'adapter: lora\nlora_r: 8\nlora_target_linear: true\n';
    assert.deepEqual(both('gradient_checkpointing: true\n'), ['full', false]);
    assert.deepEqual(both('gradient_checkpointing: offload\n'), ['full', true]);
    assert.deepEqual(both(`${lora}gradient_checkpointing: offload\n`), ['none', true]);
    assert.deepEqual(both('gradient_checkpointing: true\nactivation_offloading: legacy\n'), ['full', true]);
    assert.deepEqual(both('gradient_checkpointing: true\nselective_checkpointing: true\n'), [
      'selective',
      false,
    ]);
    assert.deepEqual(both('fsdp_version: 2\nfsdp_config:\n  activation_checkpointing: true\n'), [
      'full',
      false,
    ]);
  });

  it('reads the types that weights are held in', () => {
    const precision = (text: string): unknown => training(text).precision;
    const sixteen = { weights: 'f16', compute: 'f16', master: null, gradients: 'f16', reduce: null };
    assert.equal(precision('bf16: true\n'), 'bf16');
    assert.equal(precision('bf16: auto\n'), 'bf16');
    assert.equal(precision('bf16: false\n'), 'fp32');
    assert.deepEqual(precision('bf16: false\nfp16: true\n'), sixteen);
    assert.deepEqual(precision('fp16: true\n'), sixteen);
    assert.deepEqual(precision('bf16: true\ndeepspeed: deepspeed_configs/zero2.json\n'), {
      weights: 'bf16',
      compute: 'bf16',
      master: 'f32',
      gradients: 'bf16',
      reduce: null,
    });
    assert.equal(precision('bf16: true\nfsdp_config:\n  offload_params: false\n'), 'bf16-mixed');
  });

  it('reads attention and loss kernels', () => {
    assert.equal(training('attn_implementation: flash_attention_2\n').attention, 'flash');
    assert.equal(training('attn_implementation: kernels-community/vllm-flash-attn3\n').attention, 'flash');
    assert.equal(training('flash_attention: true\n').attention, 'flash');
    assert.equal(training('eager_attention: true\n').attention, 'eager');
    assert.equal(
      training('plugins:\n  - axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin\n').loss,
      'fused',
    );
    assert.equal(
      training(
        'plugins:\n  - axolotl.integrations.liger.LigerPlugin\nliger_fused_linear_cross_entropy: true\n',
      ).loss,
      'fused',
    );
    assert.equal(
      training('plugins:\n  - axolotl.integrations.liger.LigerPlugin\nliger_rms_norm: true\n').loss,
      'plain',
    );
    assert.equal(training('liger_fused_linear_cross_entropy: true\n').loss, 'plain');
    assert.equal(training('chunked_cross_entropy: true\n').loss, 'chunked');
  });

  it('knows the optimizers by their names', () => {
    const name = (written: string): string => training(`optimizer: ${written}\n`).optimizer.name;
    assert.equal(name('adamw_bnb_8bit'), 'adamw_8bit');
    assert.equal(name('paged_adamw_8bit'), 'paged_adamw_8bit');
    assert.equal(name('adamw_torch_4bit'), 'adamw_4bit');
    assert.equal(name('adamw_torch'), 'adamw');
    assert.equal(name('adafactor'), 'adafactor');
    assert.equal(name('lion_8bit'), 'lion_8bit');
    assert.equal(training('optimizer: paged_adamw_32bit\n').optimizer.stateBits, 32);
    assert.equal(training('optimizer: paged_adamw_32bit\n').optimizer.paged, true);
  });

  it('reads what LoRA targets', () => {
    const lora = (text: string): unknown => training(`adapter: lora\nlora_r: 8\n${text}`).lora;
    const saved = { rank: 8, modulesToSave: [] };
    assert.deepEqual(lora('lora_target_linear: true\nlora_target_modules:\n'), {
      ...saved,
      targets: 'all-linear',
    });
    assert.deepEqual(lora('lora_target_modules: [q_proj, v_proj]\n'), {
      ...saved,
      targets: ['q_proj', 'v_proj'],
    });
    assert.deepEqual(lora('lora_target_modules: all-linear\n'), { ...saved, targets: 'all-linear' });
    assert.deepEqual(
      lora(
        "lora_target_modules: 'model.layers.[\\d]+.(mlp|self_attn).(up|down|q)_proj'\nlora_modules_to_save: [lm_head]\n",
      ),
      { rank: 8, targets: ['up_proj', 'down_proj', 'q_proj'], modulesToSave: ['lm_head'] },
    );
    const guessed = job("adapter: lora\nlora_r: 8\nlora_target_modules: '.*(?<!x)[a-z]+'\n");
    assert.equal(guessed.document.training.lora.targets, 'all-linear');
    assert.equal(guessed.origins['training.lora.targets']?.origin, 'assumed');
    assert.equal(
      training('adapter: lora\nlora_r: 8\nlora_target_linear: true\npeft_use_dora: true\n').method,
      'dora',
    );
  });

  it('adds a reference model only where one is held', () => {
    const roles = (text: string): unknown => job(text).document.models.map((model) => model.role);
    assert.deepEqual(roles('rl: dpo\n'), ['main', 'reference']);
    assert.deepEqual(roles('rl: dpo\nprecompute_ref_log_probs: true\n'), ['main']);
    assert.deepEqual(roles('rl: dpo\nadapter: lora\nlora_r: 8\nlora_target_linear: true\n'), ['main']);
    assert.deepEqual(roles('rl: orpo\n'), ['main']);
    assert.equal(training('rl: simpo\n').objective, 'orpo');
    assert.equal(job('rl: dpo\n').modelReferences.length, 2);
  });

  it('derives accumulation from the total batch, and tokens from the steps', () => {
    assert.equal(training('micro_batch_size: 2\nbatch_size: 16\n').gradientAccumulation, 8);
    const { data } = training(
      'max_steps: 100\nmicro_batch_size: 2\ngradient_accumulation_steps: 4\nsequence_len: 1024\n',
    );
    assert.deepEqual([data.tokens, data.epochs], [819_200, 1]);
    assert.equal(training('max_steps: -1\nnum_epochs: 3\n').data.epochs, 3);
  });

  it('reads sharding from FSDP, a DeepSpeed map, a shipped file, a joined file, and a name', () => {
    const sharding = (text: string): unknown => training(text).sharding;
    const none = { offloadParameters: 'none', offloadOptimizer: 'none' };
    const cpu = { offloadParameters: 'cpu', offloadOptimizer: 'cpu' };
    assert.deepEqual(sharding(''), { strategy: 'none', ...none });
    assert.deepEqual(sharding('fsdp: [full_shard, auto_wrap]\nfsdp_config:\n  fsdp_offload_params: true\n'), {
      strategy: 'fsdp',
      ...cpu,
    });
    assert.deepEqual(sharding('fsdp_version: 2\nfsdp_config:\n  reshard_after_forward: true\n'), {
      strategy: 'fsdp2',
      ...none,
    });
    assert.deepEqual(sharding('fsdp_config:\n  fsdp_version: 2\n  reshard_after_forward: false\n'), {
      strategy: 'zero2',
      ...none,
    });
    assert.deepEqual(sharding('fsdp_config:\n  sharding_strategy: HYBRID_SHARD\n'), {
      strategy: 'fsdp-hybrid',
      ...none,
    });
    assert.deepEqual(
      sharding('deepspeed: {zero_optimization: {stage: 3, offload_optimizer: {device: cpu}}}\n'),
      {
        strategy: 'zero3',
        offloadParameters: 'none',
        offloadOptimizer: 'cpu',
      },
    );
    assert.deepEqual(sharding('deepspeed: deepspeed_configs/zero3_bf16_cpuoffload_all.json\n'), {
      strategy: 'zero3',
      ...cpu,
    });
    assert.deepEqual(sharding('deepspeed: my/ds_z1.json\n'), { strategy: 'zero1', ...none });

    const { references } = recognition('deepspeed: my/x.json\n');
    assert.deepEqual(
      references.map(({ id, kind, name }) => [id, kind, name]),
      [
        ['model:0', 'model', 'NousResearch/Meta-Llama-3-8B'],
        ['deepspeed', 'file', 'my/x.json'],
      ],
    );
    const joined = recognition('deepspeed: my/x.json\n', {
      deepspeed: { path: '/w/my/x.json', text: '{"zero_optimization": {"stage": 1}}' },
    });
    assert.equal(joined.jobs[0]?.document.training.sharding.strategy, 'zero1');
  });

  it("reads axolotl's own DeepSpeed files as it knows them by name", function () {
    const folder = sharedPath('corpus', 'axolotl', 'deepspeed_configs');
    if (folder === null) this.skip();
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8');
      const byName = recognition(`deepspeed: deepspeed_configs/${name}\n`);
      const byText = recognition(`deepspeed: deepspeed_configs/${name}\n`, {
        deepspeed: { path: name, text },
      });
      assert.deepEqual(
        byName.jobs[0]?.document.training.sharding,
        byText.jobs[0]?.document.training.sharding,
        name,
      );
    }
  });

  it('counts devices from its sizes or the magic comment', () => {
    assert.deepEqual(job('dp_shard_size: 2\ndp_replicate_size: 2\n').document.parallel.data, 4);
    const declared = job('# rooflens: target=2x rtx4090 gpus=8\ntensor_parallel_size: 2\n');
    assert.equal(declared.declaredTarget, '2x rtx4090');
    assert.deepEqual([declared.document.parallel.data, declared.document.parallel.tensor], [4, 2]);
    assert.equal(declared.document.training.sharding.strategy, 'ddp');
    assert.equal(job('').origins['parallel.data']?.origin, 'assumed');
    assert.equal(job('# rooflens: gpus=8xH100\n').declaredTarget, '8x H100');
    assert.deepEqual(problemsOf('# rooflens: gpus=3\ntensor_parallel_size: 2\n'), [
      'gpus=3 is no multiple of tensor_parallel_size × context_parallel_size = 2',
    ]);
  });

  it('takes the model that the magic comment points to', () => {
    const { document } = job('# rooflens: model=./models/llama\n');
    assert.equal(document.models[0]?.path, './models/llama');
    const { outcome } = recognise(
      '# rooflens: model=./m\nbase_model:\nsequence_len: 1\nadapter: lora\ndatasets: []\n',
      context,
    );
    assert.equal(outcome.outcome, 'recognised');
  });

  it('names key, value and expectation of an impossible value', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['micro_batch_size: -1\n', 'micro_batch_size is -1, expected a positive whole number up to 1000000'],
      [
        'micro_batch_size: 1e308\n',
        'micro_batch_size is 1e+308, expected a positive whole number up to 1000000',
      ],
      ['sequence_len: long\n', 'sequence_len is "long", expected a positive whole number up to 1000000000'],
      ['sequence_len: .inf\n', 'sequence_len is Infinity, expected a positive whole number up to 1000000000'],
      ['sample_packing: maybe\n', 'sample_packing is "maybe", expected true or false'],
      ['adapter: [lora]\n', 'adapter is "a list", expected a text'],
      [
        'attn_implementation: flash\n',
        'attn_implementation is "flash", expected one of eager, sdpa, flash_attention_2, flash_attention_3, flash_attention_4, flash_attention_torch, flex_attention, xformers, sage, fp8, or a kernel path with "/"',
      ],
      ['rl: dpoo\n', 'rl is "dpoo", expected one of dpo, ipo, kto, orpo, simpo, grpo, gdpo, ebft'],
      ['gradient_checkpointing: 3\n', 'gradient_checkpointing is 3, expected true or false'],
      ['num_epochs: -2\n', 'num_epochs is -2, expected a number from 0 to 1000000'],
      ['deepspeed: 3\n', 'deepspeed is 3, expected a path or a map'],
    ];
    for (const [text, message] of cases) {
      const { problems, jobs } = recognition(text);
      assert.deepEqual(
        problems.map((problem) => problem.message),
        [message],
      );
      assert.equal(problems[0]?.code, 'impossible-value');
      assert.ok(problems[0].keySpan !== null);
      // The rest of the file is still answered, with the default in its place.
      assert.equal(jobs.length, 1);
    }
    assert.deepEqual(problemsOf('micro_batch_size: "8"\nsample_packing: yes\nsequence_len: 4_096\n'), []);
  });

  it('names settings that axolotl refuses together', () => {
    const lora = 'lora_r: 8\nlora_target_linear: true\n';
    const cases: readonly (readonly [string, RegExp])[] = [
      ['load_in_4bit: true\n', /load_in_4bit: true needs an adapter/],
      ['load_in_8bit: true\n', /load_in_8bit: true needs an adapter/],
      [`${lora}adapter: qlora\n`, /adapter: qlora needs load_in_4bit: true/],
      [`${lora}adapter: qlora\nload_in_4bit: true\nload_in_8bit: true\n`, /cannot be loaded in 8 bits/],
      [`${lora}adapter: lora\nload_in_4bit: true\n`, /no effect with adapter: lora/],
      ['adapter: lora\nlora_target_linear: true\n', /needs lora_r/],
      [`${lora}adapter: moraa\n`, /not built in/],
      ['gradient_accumulation_steps: 2\nbatch_size: 8\n', /not both/],
      ['activation_offloading: true\n', /needs gradient_checkpointing/],
      ['chunked_cross_entropy: true\nliger_fused_linear_cross_entropy: true\n', /only one cross entropy/],
      ['attn_implementation: sdpa\nflash_attention: true\n', /exclude each other/],
      ['deepspeed: zero2.json\nfsdp: [full_shard]\n', /deepspeed and fsdp exclude/],
      [
        'fsdp_version: 2\nfsdp_config:\n  offload_params: true\noptimizer: adamw_bnb_8bit\n',
        /FSDP2 does not work/,
      ],
      ['tensor_parallel_size: 2\noptimizer: adamw_8bit\n', /tensor_parallel_size above 1/],
      ['context_parallel_size: 2\n', /needs attn_implementation: flash_attention_2/],
      ['rl: dpo\nsample_packing: true\n', /does not work with rl: dpo/],
      ['optimizer: muon\ndeepspeed: zero2.json\n', /does not work with DeepSpeed/],
      ['rl: grpo\ntrl:\n  num_generations: 8\nmicro_batch_size: 3\n', /no multiple of trl.num_generations/],
      ['relora: true\n', /relora needs adapter/],
      ['pretraining_dataset:\n  - path: x\n', /needs max_steps/],
    ];
    for (const [text, message] of cases) {
      const found = recognition(text).problems;
      assert.equal(found.length, 1, `${text}: ${JSON.stringify(found)}`);
      assert.match(found[0]!.message, message);
      assert.equal(found[0]!.code, 'contradictory-settings');
      assert.ok(found[0]!.keySpan !== null, text);
    }
  });

  it('finds no fault in the files that axolotl ships', function () {
    const folder = sharedPath('corpus', 'axolotl', 'examples');
    if (folder === null) this.skip();
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      const { outcome } = recognise(text, { path: `/w/${basename(entry.name)}`, contextLength: 8192 });
      assert.ok(outcome.outcome === 'recognised', entry.name);
      assert.deepEqual(outcome.recognition.problems, [], entry.name);
    }
  });
});

describe('axolotl edits', () => {
  /** The file after the edits, without the lines that every test shares where those did not change. */
  function edited(text: string, set: Record<string, unknown>): string | null {
    const after = editedFile(text, set);
    return after?.startsWith(base) === true ? after.slice(base.length) : after;
  }

  function editedFile(text: string, set: Record<string, unknown>): string | null {
    const whole = base + text;
    const { outcome, parsed } = recognise(whole, context);
    assert.ok(outcome.outcome === 'recognised' && parsed !== null);
    const edits = axolotl.edits(parsed, context, outcome.recognition.jobs[0]!, set);
    return edits === null ? null : applyEdits(whole, edits);
  }

  it('writes values where they stand and missing keys beside their kin', () => {
    assert.equal(
      edited('micro_batch_size: 8 # many\ngradient_accumulation_steps: 1\n', {
        'training.microBatch': 4,
        'training.gradientAccumulation': 2,
      }),
      'micro_batch_size: 4 # many\ngradient_accumulation_steps: 2\n',
    );
    assert.equal(
      edited('micro_batch_size: 8\nbf16: auto\n', {
        'training.microBatch': 4,
        'training.gradientAccumulation': 2,
      }),
      'micro_batch_size: 4\ngradient_accumulation_steps: 2\nbf16: auto\n',
    );
    assert.equal(
      edited('micro_batch_size: 8\n', { 'training.gradientCheckpointing': 'full' }),
      'micro_batch_size: 8\ngradient_checkpointing: true\n',
    );
    assert.equal(
      edited('gradient_checkpointing:\n', { 'training.gradientCheckpointing': 'full' }),
      'gradient_checkpointing: true\n',
    );
    assert.equal(
      edited('optimizer: adamw_torch\n', { 'training.optimizer.name': 'adamw_8bit' }),
      'optimizer: adamw_bnb_8bit\n',
    );
    assert.equal(
      edited('flash_attention: false\n', { 'training.attention': 'flash' }),
      'flash_attention: true\n',
    );
    assert.equal(
      edited('bf16: true\n', { 'training.attention': 'flash' }),
      'bf16: true\nattn_implementation: flash_attention_2\n',
    );
    assert.equal(edited('bf16: true\n', { 'parallel.pipeline': 2 }), null);
  });

  it('gives what it wrote when it is read again', () => {
    const sets: readonly Record<string, unknown>[] = [
      { 'training.microBatch': 3, 'training.gradientAccumulation': 5, 'training.sequenceLength': 4096 },
      { 'models.0.quantization': { method: 'bnb-nf4', doubleQuant: true } },
      { 'models.0.quantization': { method: 'bnb-int8' } },
      { 'models.0.quantization': null },
      { 'training.loss': 'fused' },
      { 'training.loss': 'chunked' },
      { 'training.gradientCheckpointing': 'selective' },
      { 'training.gradientCheckpointing': 'none' },
      { 'training.activationOffload': true },
      { 'training.optimizer.name': 'paged_adamw_8bit' },
      { 'training.attention': 'eager' },
      { 'training.lora.rank': 4, 'training.lora.targets': ['q_proj'], 'training.lora.modulesToSave': [] },
      { 'training.method': 'lora' },
      { 'training.packing': false },
    ];
    const text =
      'adapter: lora\nlora_r: 16\nlora_target_linear: true\nmicro_batch_size: 2\nload_in_8bit: false\noptimizer: adamw_torch\nlora_modules_to_save:\n  - lm_head\n';
    for (const set of sets) {
      const after = editedFile(text, set);
      assert.ok(after !== null, JSON.stringify(set));
      const { jobs, problems } = recognition(after);
      assert.deepEqual(problems, [], after);
      for (const [path, value] of Object.entries(set)) {
        let found: unknown = jobs[0]!.document;
        for (const key of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[key];
        if (path === 'models.0.quantization') {
          const method = (one: unknown): unknown =>
            (one as { method?: string } | null | undefined)?.method ?? null;
          assert.equal(method(found), method(value), after);
        } else if (path === 'training.activationOffload') {
          assert.equal(found, true);
        } else assert.deepEqual(found, value, after);
      }
    }
  });

  it("says a change in axolotl's own words", () => {
    assert.equal(
      axolotl.words({ 'training.microBatch': 4, 'training.gradientAccumulation': 8 }),
      'micro_batch_size: 4, gradient_accumulation_steps: 8',
    );
    assert.equal(axolotl.words({ 'training.gradientCheckpointing': 'full' }), 'gradient_checkpointing: true');
    assert.equal(
      axolotl.words({ 'models.0.quantization': { method: 'bnb-nf4' } }),
      'adapter: qlora, load_in_4bit: true',
    );
  });
});
