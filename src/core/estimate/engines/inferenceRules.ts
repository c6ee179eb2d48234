import type { EngineName } from '../../job/jobDocument';
import { diffusers } from './diffusers';
import { llamaCpp } from './llamaCpp';
import { transformersInference } from './transformersInference';
import { vllm } from './vllm';
import { unanswered, type EngineRules } from './engineInput';

/** One entry per engine; what has no rules of its own says so. */
const rules: Readonly<Partial<Record<EngineName, EngineRules>>> = {
  transformers: transformersInference,
  pytorch: transformersInference,
  litgpt: transformersInference,
  torchtune: transformersInference,
  'llama.cpp': llamaCpp,
  ollama: llamaCpp,
  vllm,
  diffusers,
};

export function inferenceRules(engine: EngineName): EngineRules {
  return rules[engine] ?? (() => unanswered(`inference with ${engine} is not estimated yet`));
}
