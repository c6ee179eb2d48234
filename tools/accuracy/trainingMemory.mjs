// training_memory.csv: peak memory of one training run.
import { configOf } from './models.mjs';
import { makeJob, makeTarget, resolved } from './jobs.mjs';

const engines = [
  [/torchtune/i, 'torchtune'],
  [/torchtitan/i, 'torchtitan'],
  [/peft|Trainer|TRL/i, 'transformers'],
  [/deepspeed/i, 'deepspeed'],
  [/timm/i, 'pytorch'],
];

const optimizers = [
  [/PagedAdamW8bit/i, { name: 'paged_adamw_8bit', paged: true }],
  [/Adam\w*8bit/i, { name: 'adamw_8bit' }],
  [/Adam\w*4bit/i, { name: 'adamw_4bit' }],
  [/Adafactor/i, { name: 'adafactor' }],
  [/fused/i, { name: 'adamw', implementation: 'fused' }],
  [/Adam/i, { name: 'adamw' }],
];

const roles = {
  q: 'q_proj',
  k: 'k_proj',
  v: 'v_proj',
  o: 'o_proj',
  gate: 'gate_proj',
  up: 'up_proj',
  down: 'down_proj',
  output: 'lm_head',
  c_attn: ['q_proj', 'k_proj', 'v_proj'],
  c_proj: ['o_proj', 'down_proj'],
  w1: 'up_proj',
  w2: 'gate_proj',
};

function targets(text) {
  if (text.startsWith('all-linear')) return 'all-linear';
  return text
    .replace(/ \+.*$/, '')
    .split(',')
    .flatMap((name) => roles[name.trim()] ?? name.trim());
}

function precision(row) {
  const dtype = row.weights_dtype;
  if (/fp16 autocast/.test(dtype)) return 'fp16-mixed';
  if (/autocast|fp32 sharded/.test(dtype)) return 'bf16-mixed';
  if (/bf16 master/.test(row.optimizer)) return 'bf16';
  if (/fp32 master/.test(row.optimizer)) return 'bf16-mixed';
  if (/DeepSpeed/.test(row.sharding) && /^full/.test(row.method)) return 'bf16-mixed';
  if (/^fp32/.test(dtype)) return 'fp32';
  return 'bf16';
}

function quantization(row) {
  if (/nf4/.test(row.base_quant)) return { method: 'bnb-nf4', doubleQuant: true };
  if (/GPTQ/.test(row.base_quant)) return { method: 'gptq', bits: 4, groupSize: 128 };
  return null;
}

function strategy(row) {
  const text = row.sharding;
  if (/ZeRO-3/.test(text)) return 'zero3';
  if (/ZeRO-2/.test(text)) return 'zero2';
  if (/FSDP2/.test(text)) return 'fsdp2';
  if (/FSDP/.test(text)) return 'fsdp';
  return 'none';
}

const metrics = [
  [/NVML|nvidia-smi|not stated/, 'devicePeak'],
  [/reserved/, 'reservedPeak'],
  [/active/, 'activePeak'],
  [/allocated/, 'allocatedPeak'],
];

/** A row's job and what was measured; null with a reason where it is out of scope. */
export function readRow(core, row) {
  const config = configOf(row.model, core.knownModel);
  if (config === null) return { skip: `no shapes for ${row.model}` };
  const adapted = /lora/.test(row.method);
  if (!adapted && !/^full/.test(row.method)) return { skip: `method ${row.method}` };
  if (/init only/.test(row.method)) return { skip: 'no step taken' };
  const sequence = Number(row.seq_len);
  if (!(sequence > 0)) return { skip: 'no sequence length' };
  const engine = engines.find(([pattern]) => pattern.test(row.framework))?.[1];
  if (engine === undefined) return { skip: `framework ${row.framework}` };
  const [, optimizer = { name: 'adamw' }] = optimizers.find(([pattern]) => pattern.test(row.optimizer)) ?? [];
  const ranks = Number(row.n_gpus || 1);
  const embeddings = /emb/.test(row.method);
  const job = makeJob(core, {
    engine,
    task: 'train',
    models: [
      { config, quantization: quantization(row), dtype: /fp32/.test(row.weights_dtype) ? 'f32' : 'bf16' },
    ],
    training: {
      method: adapted ? (/dora/.test(row.method) ? 'dora' : 'lora') : 'full',
      microBatch: Number(row.micro_batch || 1),
      sequenceLength: sequence,
      gradientAccumulation: Number(row.grad_accum || 1),
      packing: row.packed === 'yes' || (ranks === 1 && /Qwen|perf_train/.test(row.source)),
      precision: precision(row),
      optimizer: {
        name: optimizer.name,
        stateBits: null,
        paged: optimizer.paged ?? false,
        implementation: optimizer.implementation ?? null,
        inBackward: row.optimizer_in_bwd === 'yes',
      },
      gradientCheckpointing:
        row.grad_ckpt === 'full' ? 'full' : /selective/.test(row.grad_ckpt) ? 'selective' : 'none',
      activationOffload: row.act_offload === 'yes',
      attention: /flash/.test(row.attn_impl) ? 'flash' : /eager/.test(row.attn_impl) ? 'eager' : 'sdpa',
      compile: row.compile === 'yes',
      loss: /chunk/.test(row.loss_impl) ? 'chunked' : 'plain',
      'lora.rank': Number(row.lora_r || 8),
      'lora.targets': adapted && row.lora_targets ? targets(row.lora_targets) : 'all-linear',
      'lora.modulesToSave': embeddings ? ['embed_tokens', 'lm_head'] : [],
      'sharding.strategy': strategy(row),
      'sharding.offloadParameters': /params/.test(row.cpu_offload) ? 'cpu' : 'none',
      'sharding.offloadOptimizer': /optimizer/.test(row.cpu_offload) ? 'cpu' : 'none',
    },
    parallel: { data: ranks },
  });
  const target = makeTarget(core, row.gpu.replace(/ \(.*\)/, '')) ?? makeTarget(core, 'A100 80GB');
  const metric = metrics.find(([pattern]) => pattern.test(row.peak_metric))?.[1] ?? 'devicePeak';
  const decimal = /decimal/.test(row.peak_metric);
  const total = /summed/.test(row.peak_scope) ? ranks : 1;
  return {
    job,
    models: resolved(core, job, [config]),
    target,
    label: `${row.model.split('/').at(-1)} ${row.method} b${row.micro_batch} s${row.seq_len} ${row.grad_ckpt === 'full' ? 'ckpt' : row.grad_ckpt} ${row.optimizer}${ranks > 1 ? ` ${ranks}x ${row.sharding}` : ''}`,
    group: `${row.framework.split(' ')[0]}${ranks > 1 ? ' (several GPUs)' : ''}`,
    metric,
    measured: (Number(row.peak_gib) * (decimal ? 1 : 1) * 2 ** 30) / total,
    quality: row.quality,
    figure: (estimate) => estimate.perDevice[0]?.[metric] ?? null,
    terms: (estimate) =>
      (estimate.perDevice[0]?.terms ?? [])
        .filter((term) => term.bytes.expected > 2 ** 26)
        .map((term) => `${term.name} ${(term.bytes.expected / 2 ** 30).toFixed(1)}`)
        .join(' '),
  };
}
