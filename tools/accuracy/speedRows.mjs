// What the rows of the two inference speed tables share.
import { configOf } from './models.mjs';
import { makeJob, makeTarget, resolved } from './jobs.mjs';

const engines = [
  [/llama\.cpp/i, 'llama.cpp'],
  [/ollama/i, 'ollama'],
  [/mlx/i, 'mlx'],
  [/exllama/i, 'exllamav2'],
  [/awq/i, 'autoawq'],
  [/mlc/i, 'mlc'],
];

function quantization(row) {
  const name = `${row.quant} ${row.model}`;
  const gguf = /\b(I?Q\d(_K)?(_[MSL]|_XL|_[01])?|MXFP4|BF16|F16)\b/i.exec(name);
  if (/mlx/i.test(row.engine)) {
    const bits = /q(\d)/i.exec(row.quant);
    const group = /g(\d+)/i.exec(row.quant);
    return bits === null
      ? null
      : { method: 'mlx', bits: Number(bits[1]), groupSize: Number(group?.[1] ?? 64) };
  }
  if (/llama\.cpp|ollama/i.test(row.engine))
    return gguf === null ? undefined : { method: 'gguf', type: gguf[1].toUpperCase().replace('_XL', '_M') };
  if (/awq/i.test(row.quant) || /awq/i.test(row.engine)) return { method: 'awq', bits: 4, groupSize: 128 };
  if (/gptq/i.test(row.quant)) return { method: 'gptq', bits: 4, groupSize: 128 };
  const bpw = /([\d.]+) ?bpw/i.exec(row.quant);
  if (bpw !== null) return { method: 'exl2', bits: Number(bpw[1]) };
  if (/int8/i.test(row.quant)) return { method: 'bnb-int8' };
  if (/int4/i.test(row.quant)) return { method: 'gptq', bits: 4, groupSize: 32 };
  if (/bf16|fp16|f16|none|^$/i.test(row.quant)) return null;
  return undefined;
}

/** The common part of a row, or why there is none. */
export function speedRow(core, row, { prompt, batch }) {
  const config = configOf(row.model, core.knownModel);
  if (config === null) return { skip: 'no shapes for the model' };
  if (Number(row.gpu_count || 1) > 1) return { skip: 'several GPUs' };
  const engine = engines.find(([pattern]) => pattern.test(row.engine))?.[1];
  if (engine === undefined) return { skip: `engine ${row.engine}` };
  const method = quantization(row);
  if (method === undefined) return { skip: `quantisation ${row.quant}` };
  const target = makeTarget(
    core,
    row.gpu.replace(/ \([^)]*W\)/, '').replace(/ \(one GCD\)| \(Radeon.*\)| \(integrated\)/, ''),
  );
  if (target === null) return { skip: `device ${row.gpu}` };
  const job = makeJob(core, {
    engine,
    task: 'generate',
    models: [{ config, quantization: method, dtype: 'f16' }],
    inference: {
      contextLength: Math.max(prompt, 256),
      promptLength: Math.max(1, prompt),
      concurrency: batch,
      'placement.gpuLayers': 'all',
      microBatch: Number(row.n_ubatch || 512),
    },
  });
  return {
    job,
    models: resolved(core, job, [config]),
    target,
    quality: row.quality,
    group: `${engine}, ${row.gpu}`,
  };
}
