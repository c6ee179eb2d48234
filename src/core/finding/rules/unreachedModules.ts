import type { Unreached } from '../../estimate/memoryEstimate';
import type { EngineName } from '../../job/jobDocument';
import { quantizationName } from '../../model/quantisation/quantizationName';
import { formatGiB } from '../../units/bytes';
import type { Rule } from './rule';

/** Below this share of the weights a method's miss changes nothing that one would act on. */
const LEAST_SHARE = 0.02;

/** The quantisation passes modules by, which stay as wide as they were: a "4-bit" model of experts that takes 16 bits. */
export const unreachedModules: Rule = {
  code: 'unreached-modules',
  check({ job, result }) {
    const { unreached, quantization } = result.model;
    if (unreached === null || quantization === null) return null;
    if (unreached.bytes < LEAST_SHARE * unreached.total) return null;
    const origin = job.origins['models.0.quantization'];
    const name = quantizationName(quantization);
    return {
      code: 'unreached-modules',
      severity: 'warning',
      verdict: result.verdict,
      message: `${name} does not reach ${what(unreached)}: ${bytesText(unreached)}. ${wayOut(unreached, job.document.engine.name)}`,
      span: origin?.keySpan ?? job.anchor,
      anchor: job.anchor,
      result,
      remedies: result.remedies.filter(({ set }) => reachesExperts(set['models.0.quantization'])),
    };
  },
};

/** Whether a setting that a remedy makes quantises the experts too. */
function reachesExperts(quantization: unknown): boolean {
  return (
    typeof quantization === 'object' &&
    quantization !== null &&
    'experts' in quantization &&
    quantization.experts === true
  );
}

function what({ kind, tensors, example }: Unreached): string {
  const noun = kind === 'experts' ? 'the fused experts' : "the model's own linear class";
  const more = tensors === 1 ? '' : ` and ${tensors - 1} more`;
  return `${noun} (${example}${more})`;
}

/** `54.0 of 55.8 GiB of weights (97 %) stay in bf16, reached they would take 15.2`. */
function bytesText({ bytes, total, wouldBe, dtype }: Unreached): string {
  const share = Math.round((100 * bytes) / total);
  return `${formatGiB(bytes)} of ${formatGiB(total)} GiB of weights (${share} %) stay in ${dtype}; reached they would take ${formatGiB(wouldBe)}`;
}

function wayOut({ kind, method }: Unreached, engine: EngineName): string {
  if (kind === 'linear')
    return 'transformers replaces only torch.nn.Linear itself since 5.5; torchao and quanto take derived classes too.';
  if (engine === 'axolotl' && method.startsWith('bnb')) return 'quantize_moe_experts: true reaches them.';
  if (method === 'torchao')
    return 'FqnToConfig with an expression for the experts reaches them, as does FP8 (FineGrainedFP8Config).';
  return 'transformers keeps experts in bare parameters since 5.0; FP8 (FineGrainedFP8Config) reaches them, as do vLLM and transformers 4.';
}
