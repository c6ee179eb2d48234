import type { GgufKeys } from './ggufKeys';

/** What a layer's attention sees. */
export interface GgufReach {
  readonly kind: 'full' | 'window' | 'chunked';
  readonly window: number | null;
}

interface WindowRule {
  /** Every so many layers one is full; 0 = none is. */
  readonly period: number;
  /** The full one comes first of its period, not last. */
  readonly fullFirst?: boolean;
  /** Window when the file has no key. */
  readonly usual?: number;
  /** Window whatever the key says. */
  readonly fixed?: number;
  readonly kind?: 'chunked';
  /** Only models with so many layers are windowed. */
  readonly layers?: number;
}

/**
 * Which layers llama.cpp gives a window, by architecture: the pattern that src/models/*.cpp sets where the file has no
 * `sliding_window_pattern` (load_swa_pattern in llama-model.cpp, set_swa_pattern in llama-hparams.cpp). Architectures that
 * are not listed are full unless the file has such an array, also when it names a window: mistral, qwen2 and phi3 do.
 */
const rules: Readonly<Record<string, WindowRule>> = {
  afmoe: { period: 4 },
  cohere2: { period: 4 },
  cohere2moe: { period: 4, fullFirst: true },
  deepseek4: { period: 0 },
  'exaone-moe': { period: 4, usual: 128 },
  exaone4: { period: 4, usual: 4096, layers: 64 },
  'gemma-embedding': { period: 6 },
  gemma2: { period: 2, usual: 4096 },
  gemma3: { period: 6 },
  gemma3n: { period: 5 },
  'gpt-oss': { period: 2 },
  laguna: { period: 4, fullFirst: true },
  lfm2: { period: 0 },
  llama4: { period: 4, fixed: 8192, usual: 8192, kind: 'chunked' },
  mellum: { period: 4 },
  'modern-bert': { period: 3, fullFirst: true },
  olmo2: { period: 4 },
  plamo3: { period: 8 },
  smallthinker: { period: 4, fullFirst: true, fixed: 4096 },
};

const full: GgufReach = { kind: 'full', window: null };

/** What each layer's attention sees, by its index. */
export function ggufWindows(keys: GgufKeys, layers: number): (index: number) => GgufReach {
  const rule = Object.hasOwn(rules, keys.prefix) ? rules[keys.prefix] : undefined;
  const given = keys.size('attention.sliding_window', 0);
  const pattern = keys.flagsPerLayer('attention.sliding_window_pattern', layers);
  const named = given ?? rule?.usual ?? 0;
  if (named === 0 || (rule === undefined && pattern === null)) return () => full;
  if (rule?.layers !== undefined && rule.layers !== layers) return () => full;
  const reach: GgufReach = { kind: rule?.kind ?? 'window', window: rule?.fixed ?? named };
  // An array has one flag per layer; a number is the period.
  const period =
    (pattern === null ? keys.size('attention.sliding_window_pattern', 0) : null) ?? rule?.period ?? 1;
  return (index) => {
    const windowed = pattern?.[index] ?? isWindowed(index, period, rule?.fullFirst ?? false);
    return windowed ? reach : full;
  };
}

function isWindowed(index: number, period: number, fullFirst: boolean): boolean {
  if (period === 0) return true;
  return fullFirst ? index % period !== 0 : index % period < period - 1;
}
