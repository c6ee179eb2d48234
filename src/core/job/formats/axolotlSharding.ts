import { defaultOrigin, type JobDraft } from '../completeJob';
import { entryOf, type ConfigNode } from '../document/configNode';
import { parseText } from '../document/parseText';
import type { FileContext } from '../format';
import type { Reference, SettingOrigin } from '../job';
import type { ShardingStrategy } from '../jobDocument';
import type { KeyReader } from '../keyReader';
import { deepspeedSharding, shardingByFileName, type DeepspeedSharding } from '../launch/deepspeedConfig';

/** Reads `deepspeed` (a path or a map) and `fsdp`, `fsdp_version`, `fsdp_config` into the draft; the strategy is returned. */
export function axolotlSharding(
  keys: KeyReader,
  draft: JobDraft,
  context: FileContext,
  references: Reference[],
): ShardingStrategy {
  const deepspeed = keys.entry('deepspeed');
  const found = deepspeed === null ? fsdp(keys) : deepspeedFrom(keys, context, references);
  const none: DeepspeedSharding = { strategy: 'none', offloadParameters: 'none', offloadOptimizer: 'none' };
  const devices =
    (draft.get('parallel.data') ?? 1) *
    (draft.get('parallel.tensor') ?? 1) *
    (draft.get('parallel.context') ?? 1);
  const plain = devices > 1 ? { ...none, strategy: 'ddp' as const } : none;
  const sharding = found?.sharding ?? plain;
  const origin = found?.origin ?? defaultOrigin(`axolotl 0.19: ${sharding.strategy}`);
  draft.set('training.sharding.strategy', sharding.strategy, origin);
  draft.set('training.sharding.offloadParameters', sharding.offloadParameters, origin);
  draft.set('training.sharding.offloadOptimizer', sharding.offloadOptimizer, origin);
  return sharding.strategy;
}

interface Found {
  readonly sharding: DeepspeedSharding;
  readonly origin: SettingOrigin;
}

function deepspeedFrom(keys: KeyReader, context: FileContext, references: Reference[]): Found | null {
  const entry = keys.entry('deepspeed');
  if (entry === null) return null;
  const origin = keys.origin(entry);
  if (entry.value.kind === 'map') return { sharding: deepspeedSharding(entry.value), origin };
  if (entry.value.kind !== 'scalar' || typeof entry.value.value !== 'string') {
    keys.impossible(entry, entry.value.kind === 'scalar' ? entry.value.value : 'a list', 'a path or a map');
    return null;
  }
  const path = entry.value.value;
  references.push({
    id: 'deepspeed',
    kind: 'file',
    name: path,
    revision: null,
    keySpan: entry.keySpan,
    valueSpan: entry.value.span,
  });
  const joined = context.joined?.['deepspeed'];
  const root = joined === undefined ? undefined : parseText(joined.text, joined.path).roots[0];
  if (joined !== undefined && root?.kind === 'map') {
    return {
      sharding: deepspeedSharding(root),
      origin: { ...origin, source: `${origin.source}, ${joined.path}` },
    };
  }
  const name = path.slice(path.lastIndexOf('/') + 1);
  const shipped = shippedWithAxolotl[name];
  if (shipped !== undefined) {
    return {
      sharding: shipped,
      origin: { ...origin, origin: 'default', source: `axolotl 0.19: deepspeed_configs/${name}` },
    };
  }
  const guessed = shardingByFileName(name) ?? {
    strategy: 'zero2' as const,
    offloadParameters: 'none' as const,
    offloadOptimizer: 'none' as const,
  };
  const source = `${path} is not here: ${guessed.strategy} assumed from its name`;
  return { sharding: guessed, origin: { ...origin, origin: 'assumed', source } };
}

/** The files of axolotl's own `deepspeed_configs/`, which most configs name. */
const shippedWithAxolotl: Readonly<Record<string, DeepspeedSharding>> = {
  'zero1.json': { strategy: 'zero1', offloadParameters: 'none', offloadOptimizer: 'none' },
  'zero1_torch_compile.json': { strategy: 'zero1', offloadParameters: 'none', offloadOptimizer: 'none' },
  'zero2.json': { strategy: 'zero2', offloadParameters: 'none', offloadOptimizer: 'cpu' },
  'zero2_torch_compile.json': { strategy: 'zero2', offloadParameters: 'none', offloadOptimizer: 'cpu' },
  'zero3.json': { strategy: 'zero3', offloadParameters: 'none', offloadOptimizer: 'none' },
  'zero3_bf16.json': { strategy: 'zero3', offloadParameters: 'none', offloadOptimizer: 'none' },
  'zero3_bf16_cpuoffload_all.json': { strategy: 'zero3', offloadParameters: 'cpu', offloadOptimizer: 'cpu' },
  'zero3_bf16_cpuoffload_params.json': {
    strategy: 'zero3',
    offloadParameters: 'cpu',
    offloadOptimizer: 'none',
  },
};

/** FSDP is on when `fsdp` or `fsdp_config` is there. Version 1 unless said; its keys may carry an `fsdp_` prefix. */
function fsdp(keys: KeyReader): Found | null {
  const list = keys.words('fsdp');
  const config = keys.entry('fsdp_config');
  if (config !== null && config.value.kind !== 'map') {
    keys.impossible(config, config.value.kind === 'scalar' ? config.value.value : 'a list', 'a map');
  }
  const options = list?.value ?? [];
  if (options.length === 0 && config?.value.kind !== 'map') return null;
  const node = config?.value ?? null;
  const origin =
    list !== null && options.length > 0 ? list.origin : config === null ? null : keys.origin(config);
  if (origin === null) return null;
  const offloads = setting(node, 'offload_params') === true || options.includes('offload');
  const offload = offloads ? 'cpu' : 'none';
  return {
    sharding: {
      strategy: fsdpStrategy(keys, node, options),
      offloadParameters: offload,
      offloadOptimizer: offload,
    },
    origin,
  };
}

/** Version of FSDP: `fsdp_version`, else that of `fsdp_config`, else 1. */
export function fsdpVersion(keys: KeyReader): number {
  const node = keys.node('fsdp_config');
  const version =
    keys.whole('fsdp_version', 1, 2)?.value ?? setting(node, 'version') ?? setting(node, 'fsdp_version');
  return Number(version ?? 1) === 2 ? 2 : 1;
}

function fsdpStrategy(
  keys: KeyReader,
  node: ConfigNode | null,
  options: readonly string[],
): ShardingStrategy {
  const named = String(setting(node, 'sharding_strategy') ?? '').toUpperCase();
  const replicas = keys.whole('dp_replicate_size', 1, 1e6)?.value ?? 1;
  if (replicas > 1 || named.startsWith('HYBRID') || options.includes('hybrid_shard')) return 'fsdp-hybrid';
  if (named === 'NO_SHARD') return 'ddp';
  const keepsParameters =
    named === 'SHARD_GRAD_OP' ||
    options.includes('shard_grad_op') ||
    setting(node, 'reshard_after_forward') === false;
  // Parameters stay whole between forward and backward: what ZeRO calls stage 2.
  if (keepsParameters) return 'zero2';
  return fsdpVersion(keys) === 2 ? 'fsdp2' : 'fsdp';
}

function setting(node: ConfigNode | null, key: string): string | number | boolean | null {
  const value = (entryOf(node, key) ?? entryOf(node, `fsdp_${key}`))?.value;
  return value?.kind === 'scalar' ? value.value : null;
}
