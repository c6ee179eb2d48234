import { devicePools } from '../../hardware/target';
import type { Task } from '../../job/jobDocument';
import { ADAPTER_COMPONENT } from '../../model/adapter';
import type { AttentionSpec, Blueprint } from '../../model/blueprint';
import { MiB } from '../../units/bytes';
import { dtypeBytes } from '../../units/dtype';
import { exactly, range, sum } from '../../units/range';
import { deviceMemory, draft, hostMemory, type Instant, type TermDraft } from '../deviceMemory';
import { torchFragmentation } from '../terms/fragmentation';
import { cacheBytes, layerCacheBytes, type CacheRules } from '../terms/kvCache';
import { prefillBytes } from '../terms/prefill';
import { stateBytes } from '../terms/recurrentState';
import { runtimeTerm } from '../terms/runtime';
import { elementsOf } from '../terms/tensorDims';
import { heldTensors, heldWeights, totalBytes } from '../terms/weights';
import { cublasWorkspace } from '../terms/workspace';
import { isAtLeast } from './engineVersion';
import { unanswered, type EngineRules } from './engineInput';

/**
 * transformers generate() and engines that work like it (litgpt, torchtune, plain PyTorch).
 *
 * Cache: DynamicCache keeps exactly the tokens seen, in the model's dtype, no rounding; sliding layers keep window - 1 tokens and the
 * new ones (transformers/cache_utils.py, DynamicSlidingWindowLayer); latent attention keeps the latent
 * since 5.15, full heads before (models/deepseek_v3, `expand_kv`). One layer's tensors are held twice while a token is appended (torch.cat). Logits: of the last position only since 4.45 (`num_logits_to_keep`), then in fp32.
 */
export const transformersInference: EngineRules = ({ job, main, others, target }) => {
  const pool = devicePools(target)[0];
  if (pool === undefined) return unanswered('the target has no device');
  const { inference } = job;
  const { blueprint } = main;
  const { origin, notes } = heldWeights(blueprint, main.quantization, main.dtype);
  const held = heldTensors(blueprint, main.quantization, main.dtype);
  const weightBytes = totalBytes(held);
  const adapterBytes = totalBytes(held.filter(({ tensor }) => tensor.component === ADAPTER_COMPONENT));
  const compute = dtypeBytes(main.dtype);
  const sequences = Math.max(1, inference.concurrency);
  const length = inference.contextLength;
  // Speech that is written by a decoder is generated; a head over the encoder's frames keeps nothing.
  const generates = writesTokens(job.task, blueprint);

  const rules: CacheRules = {
    cells: (attention) => keptTokens(attention, length),
    latent: job.engine.name !== 'transformers' || isAtLeast(job.engine.version, 5, 15),
    keyType: cacheTypeOf(inference.kv.k, main.dtype),
    valueType: cacheTypeOf(inference.kv.v, main.dtype),
  };
  const cache = generates ? sequences * cacheBytes(blueprint, rules) : 0;
  const states = generates ? sequences * stateBytes(blueprint, main.dtype) : 0;
  const largestLayer = Math.max(0, ...blueprint.layers.map((layer) => layerCacheBytes(layer, rules)));
  // A prompt that is not named can be anything from a line to the whole context.
  const prompts = inference.promptLength > 0 ? exactly(inference.promptLength) : range(1, length / 2, length);
  const eager = (tokens: number): { batch: number; sequence: number } | null =>
    inference.flashAttention ? null : { batch: sequences, sequence: tokens };
  const prefill = (tokens: number): number =>
    prefillBytes(blueprint, tokens * sequences, compute, eager(tokens));
  const activations = range(prefill(prompts.low), prefill(prompts.expected), prefill(prompts.high));
  const outputs = generates ? sequences * blueprint.vocab * (compute + 4) : 0;
  const dequantised = Math.max(
    0,
    ...held.filter((tensor) => tensor.quantised).map((tensor) => elementsOf(tensor.tensor) * 2),
  );

  const base: TermDraft[] = [
    draft('weights', weightBytes - adapterBytes, origin),
    draft('adapters', adapterBytes, 'exact'),
    ...others.map((model) =>
      draft(
        'weights',
        totalBytes(heldTensors(model.blueprint, model.quantization, model.dtype)),
        'exact',
        model.role,
      ),
    ),
    draft('recurrentState', states, 'exact'),
    draft('workspace', sum(cublasWorkspace(pool, 1), range(0, 20 * MiB, 200 * MiB)), 'assumed'),
  ];
  const promptShare = (tokens: number): number => (length > 0 ? Math.min(1, tokens / length) : 0);
  const instants: Instant[] = [
    // bitsandbytes takes a 16-bit matrix to the device, copies it into order and packs it (nn/modules.py, Params4bit._quantize).
    {
      phase: 'load',
      terms: [...base, draft('workspace', range(dequantised, 2 * dequantised, 2 * dequantised))],
    },
    {
      phase: 'prefill',
      terms: [
        ...base,
        draft(
          'kvCache',
          range(
            cache * promptShare(prompts.low),
            cache * promptShare(prompts.expected),
            cache * promptShare(prompts.high),
          ),
        ),
        draft('activations', activations),
        draft('logits', outputs),
        draft('workspace', dequantised),
      ],
    },
    {
      phase: 'decode',
      terms: [
        ...base,
        draft('kvCache', cache, 'exact'),
        draft('activations', range(0, largestLayer * sequences, 2 * largestLayer * sequences + 64 * MiB)),
        draft('logits', outputs),
        draft('workspace', dequantised),
      ],
    },
  ];
  return {
    perDevice: [
      deviceMemory({
        device: pool.name,
        ranks: 1,
        instants,
        // A growing cache leaves its shorter predecessors' blocks behind.
        fragmentation: () => torchFragmentation(activations.expected + cache, false),
        runtime: runtimeTerm(pool, 'torch'),
      }),
    ],
    host: hostMemory([draft('runtime', range(1024 * MiB, 2048 * MiB, 4096 * MiB), 'assumed')]),
    diskBytes: null,
    placement: null,
    kvPoolTokens: null,
    kvRequiredBytes: null,
    poolMargin: null,
    adapterParameters: 0,
    trainableParameters: 0,
    weightBytes,
    notes,
    refusal: null,
    unknown: null,
  };
};

/** Whether a job makes tokens one after the other. */
export function writesTokens(task: Task, blueprint: Blueprint): boolean {
  return (
    task === 'generate' ||
    (task === 'transcribe' && blueprint.layers.some((layer) => layer.attention?.causal === true))
  );
}

function keptTokens(attention: AttentionSpec, length: number): number {
  if (attention.kind === 'cross') return attention.crossTokens ?? length;
  return attention.window === null ? length : Math.min(length, attention.window);
}

/** The cache follows the model's dtype; a quantised cache is asked for by name. */
function cacheTypeOf(type: string, dtype: string): string {
  return type === 'f16' || type === 'auto' ? dtype : type;
}
