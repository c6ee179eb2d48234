import type { EngineName } from '../../job/jobDocument';
import { transformersInference } from './transformersInference';
import { unanswered, type EngineRules } from './engineInput';

/** One entry per engine; what has no rules of its own says so. */
const rules: Readonly<Partial<Record<EngineName, EngineRules>>> = {
  transformers: transformersInference,
  pytorch: transformersInference,
  litgpt: transformersInference,
  torchtune: transformersInference,
};

export function inferenceRules(engine: EngineName): EngineRules {
  return rules[engine] ?? (() => unanswered(`inference with ${engine} is not estimated yet`));
}
