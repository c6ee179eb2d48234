// inference_memory.csv: buffers from load logs, peaks of generate(), start-up profiles.
import { configOf } from './models.mjs';
import { makeJob, makeTarget, resolved } from './jobs.mjs';

const MiB = 2 ** 20;

function quantization(row) {
  const text = row.quant;
  if (/nf4-dq/.test(text)) return { method: 'bnb-nf4', doubleQuant: true };
  if (/nf4/.test(text)) return { method: 'bnb-nf4' };
  if (/fp4-dq/.test(text)) return { method: 'bnb-fp4', doubleQuant: true };
  if (/bnb.fp4/.test(text)) return { method: 'bnb-fp4' };
  if (/bnb.int8/.test(text)) return { method: 'bnb-int8' };
  const gguf = /^(Q\d\w*|IQ\d\w*|BF16|F16)( - (Medium|Small|Large))?/.exec(text);
  if (gguf !== null) return { method: 'gguf', type: gguf[1] + (gguf[3] ? `_${gguf[3][0]}` : '') };
  return null;
}

/** Terms of all devices and the host together. */
function everywhere(estimate, name) {
  const lists = [...estimate.perDevice.map((device) => device.terms), estimate.host.terms];
  const zero = { low: 0, expected: 0, high: 0 };
  return lists
    .flat()
    .filter((term) => term.name === name)
    .reduce(
      (sum, term) => ({
        low: sum.low + term.bytes.low,
        expected: sum.expected + term.bytes.expected,
        high: sum.high + term.bytes.high,
      }),
      zero,
    );
}

function llamaCpp(core, row, config) {
  if (/^ik_/.test(row.engine) && !(Number(row.kv_mib) > 0)) return { skip: 'another engine' };
  const [k, v = k] = row.kv_dtype.split('/');
  const devices = Number(row.gpu_count || 0);
  const layers = /^(\d+)\/(\d+)$/.exec(row.layers_offloaded);
  const job = makeJob(core, {
    engine: 'llama.cpp',
    task: 'generate',
    models: [{ config, quantization: quantization(row), dtype: 'bf16' }],
    inference: {
      contextLength: Number(row.n_ctx),
      microBatch: Number(row.n_ubatch || 512),
      flashAttention: /on|enabled/.test(row.flash_attn),
      'kv.k': k,
      'kv.v': v,
      'placement.gpuLayers': layers === null ? 0 : Number(layers[1]),
    },
  });
  const target = makeTarget(core, devices > 1 ? `${devices}x A100 80GB` : 'A100 80GB');
  const common = { job, models: resolved(core, job, [config]), target, quality: row.quality };
  const label = `${row.model} ${row.quant} ctx ${row.n_ctx} ub ${row.n_ubatch} fa ${row.flash_attn} kv ${row.kv_dtype}`;
  const reads = [];
  const windows = /full-length KV/.test(row.notes);
  if (Number(row.kv_mib) > 0 && !windows)
    reads.push({
      ...common,
      label,
      group: 'llama.cpp KV cache',
      measured: Number(row.kv_mib) * MiB,
      figure: (estimate) => everywhere(estimate, 'kvCache'),
    });
  const forced = /forced to host/.test(row.notes);
  // The fork's graph differs.
  if (row.engine === 'llama.cpp' && devices === 1 && !forced && Number(row.compute_gpu_mib) > 0)
    reads.push({
      ...common,
      label,
      group: 'llama.cpp compute buffer',
      measured: Number(row.compute_gpu_mib) * MiB,
      figure: (estimate) =>
        estimate.perDevice[0].terms.find((term) => term.name === 'workspace')?.bytes ?? null,
    });
  if (row.engine === 'llama.cpp' && devices <= 1 && !forced && Number(row.weights_gpu_mib) > 0)
    reads.push({
      ...common,
      label,
      group: 'llama.cpp weights on the device',
      measured: Number(row.weights_gpu_mib) * MiB,
      figure: (estimate) =>
        estimate.perDevice[0].terms.find((term) => term.name === 'weights')?.bytes ?? null,
    });
  return reads.length === 0 ? { skip: 'nothing to compare' } : reads;
}

function generate(core, row, config) {
  if (/mlx/.test(row.engine)) return { skip: 'mlx-lm is not estimated yet' };
  const mixed = /bf16-mixed/.test(row.quant);
  if (mixed) return { skip: 'mixed precision inference keeps two copies' };
  const batch = Number(row.batch || 1);
  const generated = Number(row.gen_len || 50);
  const prompt = Number(row.prompt_len || 10);
  const dtype = /fp32/.test(row.quant) ? 'f32' : /int8 KV/.test(row.quant) ? 'bf16' : 'bf16';
  const job = makeJob(core, {
    engine: row.engine === 'litgpt' ? 'litgpt' : 'transformers',
    task: 'generate',
    models: [{ config, quantization: quantization(row), dtype }],
    inference: { contextLength: prompt + generated, promptLength: prompt, concurrency: batch },
  });
  const total = /device|not stated/.test(row.peak_metric) ? 'devicePeak' : 'allocatedPeak';
  return {
    job,
    models: resolved(core, job, [config]),
    target: makeTarget(core, row.gpu.replace(/^2x /, '')) ?? makeTarget(core, 'A100 80GB'),
    label: `${row.model} ${row.quant} ${generated} tokens, batch ${batch}`,
    group: `${row.engine} generate()`,
    quality: row.quality,
    measured: Number(row.peak_mib) * MiB,
    figure: (estimate) => estimate.perDevice[0]?.[total] ?? null,
    terms: (estimate) =>
      estimate.perDevice[0].terms
        .map((term) => `${term.name} ${(term.bytes.expected / MiB).toFixed(0)}`)
        .join(' '),
  };
}

function vllm(core, row, config) {
  const fraction = /gpu_memory_utilization (0\.\d+)/.exec(row.notes);
  if (!(Number(row.kv_pool_mib) > 0 || Number(row.kv_pool_tokens) > 0)) return { skip: 'no pool' };
  if (fraction === null) return { skip: 'no fraction' };
  if (Number(row.gpu_count || 1) > 1) return { skip: 'several GPUs' };
  const gpu = /H100/.test(row.gpu)
    ? 'H100 80GB'
    : /A100|80GB/.test(row.gpu)
      ? 'A100 80GB'
      : /24GB/.test(row.gpu)
        ? 'RTX 4090'
        : null;
  if (gpu === null) return { skip: 'no device' };
  const job = makeJob(core, {
    engine: 'vllm',
    task: 'generate',
    models: [{ config, quantization: null, dtype: /fp16/.test(row.quant) ? 'f16' : 'bf16' }],
    inference: {
      contextLength: Number(row.n_ctx),
      memoryFraction: Number(fraction[1]),
      maxBatchedTokens: Number(row.n_ctx),
      maxSequences: 256,
    },
  });
  const tokens = Number(row.kv_pool_mib) > 0 ? null : Number(row.kv_pool_tokens);
  return {
    job,
    models: resolved(core, job, [config]),
    target: makeTarget(core, gpu),
    label: `${row.model} ${row.n_ctx} tokens`,
    group: 'vLLM KV pool',
    quality: row.quality,
    measured: tokens ?? Number(row.kv_pool_mib) * MiB,
    figure: (estimate) => {
      const pool = estimate.perDevice[0].terms.find((term) => term.name === 'kvCache')?.size ?? null;
      if (pool === null || tokens === null) return pool;
      const perToken = estimate.kvRequiredBytes / Number(row.n_ctx);
      return { low: pool.low / perToken, expected: pool.expected / perToken, high: pool.high / perToken };
    },
    terms: (estimate) =>
      estimate.perDevice[0].terms
        .map((term) => `${term.name} ${(term.size.expected / MiB).toFixed(0)}`)
        .join(' '),
  };
}

export function readRow(core, row) {
  if (row.kind === 'CUDA context') return { skip: 'context alone' };
  const config = configOf(row.model, core.knownModel);
  if (config === null) return { skip: `no shapes for ${row.model}` };
  if (/load log/.test(row.kind)) return llamaCpp(core, row, config);
  if (/generate/.test(row.kind)) return generate(core, row, config);
  if (/vLLM/.test(row.engine)) return vllm(core, row, config);
  return { skip: `kind ${row.kind}` };
}
