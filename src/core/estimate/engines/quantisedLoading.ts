import type { Pool } from '../../hardware/target';
import type { EngineName, JobDocument } from '../../job/jobDocument';
import type { Blueprint, Quantization } from '../../model/blueprint';
import { isAtLeast } from './engineVersion';

/** A quantised model as an engine's loader holds it. */
export interface QuantisedLoading {
  /** null = expanded: held in the model's dtype. */
  readonly quantization: Quantization | null;
  /** What a reader of the figure should know, in sentences. */
  readonly notes: readonly string[];
  /** The engine stops with a message: in our words. */
  readonly refusal: string | null;
}

/** Engines that load models through transformers. */
const onTransformers: ReadonlySet<EngineName> = new Set([
  'transformers',
  'axolotl',
  'llama-factory',
  'unsloth',
  'deepspeed',
]);

/** Methods that the library applies to linear modules while it loads. */
const appliedToModules =
  /^(bnb-(nf4|fp4|int8)|torchao|quanto|eetq|fbgemm-fp8|higgs|metal|hqq|bitnet|aqlm|gptq|awq|auto-round)$/;

/**
 * What an engine makes of a quantisation. vLLM has loaders of its own for stacked experts (layers/quantization, `FusedMoEMethod` of each
 * method), litgpt modules of its own for all of them (litgpt/model.py), as has Unsloth since 2026.6 (unslothai/unsloth#4032). transformers before 5 had a linear module for each expert wherever
 * checkpoints keep them apart; since 5.0 they are one bare parameter that its quantizers pass by
 * (bitsandbytes-foundation/bitsandbytes#1849; measured with 5.23), and HQQ is refused (quantizers/base.py, `get_quantize_ops`).
 * compressed-tensors is unpacked by the first pass through the model (quantizer_compressed_tensors.py), FP8 and MXFP4 on devices without
 * kernels for them while it loads.
 */
export function quantisedLoading(
  { engine, task }: JobDocument,
  pool: Pool | null,
  blueprint: Blueprint,
  quantization: Quantization | null,
): QuantisedLoading {
  const asItIs: QuantisedLoading = { quantization, notes: [], refusal: null };
  if (quantization === null || quantization.experts !== undefined) return asItIs;
  const { method } = quantization;
  const modular =
    appliedToModules.test(method) && blueprint.tensors.some(({ module }) => module === 'experts');
  const whole = {
    ...quantization,
    ...(modular ? { experts: true } : {}),
    ...(method.startsWith('bnb') && hasDerived(blueprint) ? { derived: true } : {}),
  };
  if (!onTransformers.has(engine.name)) return { ...asItIs, quantization: whole };

  const five = engine.name !== 'transformers' || isAtLeast(engine.version, 5, 0);
  if (method === 'hqq' && five && engine.name === 'transformers')
    return {
      ...asItIs,
      refusal: 'transformers 5 does not load HQQ: it says that the method is not available yet',
    };
  if (method === 'fp8' && five && biasedExperts(blueprint))
    return { ...asItIs, refusal: 'transformers refuses FP8 for experts with biases' };
  const reached =
    (!five && modular && expertsApart(blueprint)) ||
    (engine.name === 'unsloth' && modular && method.startsWith('bnb') && isAtLeast(engine.version, 2026, 6));
  // Before 5.5 bitsandbytes took every subclass of a linear module (integrations/bitsandbytes.py).
  const subclasses = engine.name === 'transformers' && !isAtLeast(engine.version, 5, 5);
  if (reached || (subclasses && whole.derived === true))
    return {
      ...asItIs,
      quantization: {
        ...quantization,
        ...(reached ? { experts: true } : {}),
        ...(subclasses && whole.derived === true ? { derived: true } : {}),
      },
    };
  const why = five ? expansion(method, pool) : null;
  if (why === null) return asItIs;
  // Who trains an adapter runs the model through the library for certain; a model alone may be served by anything.
  return task === 'train' ? { quantization: null, notes: [why], refusal: null } : { ...asItIs, notes: [why] };
}

function hasDerived({ tensors }: Blueprint): boolean {
  return tensors.some(({ module }) => module === 'derived');
}

/** Whether checkpoints keep every expert's matrices apart, as the classes did before transformers 5. */
function expertsApart({ tensors }: Blueprint): boolean {
  return tensors.some(({ module, stored }) => module === 'experts' && (stored?.[0]?.count ?? null) !== null);
}

/** integrations/finegrained_fp8.py, `FP8Experts`. */
function biasedExperts({ tensors }: Blueprint): boolean {
  return tensors.some(({ module, name }) => module === 'experts' && name.endsWith('bias'));
}

/** Compute capability from which the library has kernels (quantizer_finegrained_fp8.py, quantizer_mxfp4.py); on CPUs it uses none. */
const leastCapability: Readonly<Record<string, number>> = { fp8: 8.9, mxfp4: 7.5 };

/** Why the library holds the weights wider than the file has them; null = it does not. */
function expansion(method: string, pool: Pool | null): string | null {
  if (method === 'compressed-tensors')
    return 'transformers unpacks compressed-tensors weights to 16 bits at the first pass; vLLM runs them as they are';
  const least = leastCapability[method];
  if (least === undefined || pool === null) return null;
  const capability = pool.computeCapability === null ? null : Number(pool.computeCapability);
  const old = pool.kind === 'host' || (pool.vendor === 'nvidia' && capability !== null && capability < least);
  return old ? `transformers expands ${method.toUpperCase()} weights to 16 bits on this device` : null;
}
