import { entryOf, nodeAt, type ConfigNode } from '../document/configNode';
import type { ShardingStrategy } from '../jobDocument';

export type Offload = 'none' | 'cpu' | 'nvme';

/** What a DeepSpeed configuration says about sharding (`deepspeed/runtime/zero/config.py`). */
export interface DeepspeedSharding {
  readonly strategy: ShardingStrategy;
  readonly offloadParameters: Offload;
  readonly offloadOptimizer: Offload;
}

const byStage: readonly ShardingStrategy[] = ['ddp', 'zero1', 'zero2', 'zero3'];

/** Sharding of a DeepSpeed configuration object; stage 0 (also the default) is plain data parallelism. */
export function deepspeedSharding(root: ConfigNode): DeepspeedSharding {
  const stage = numberAt(root, 'zero_optimization', 'stage') ?? 0;
  const oldOffload = valueAt(root, 'zero_optimization', 'cpu_offload') === true;
  return {
    strategy: byStage[stage] ?? 'ddp',
    offloadParameters: deviceAt(root, 'offload_param'),
    offloadOptimizer: oldOffload ? 'cpu' : deviceAt(root, 'offload_optimizer'),
  };
}

/** Sharding by the name of a file that is not at hand: `zero3_bf16_cpuoffload_all.json`, `ds_z2_config.json`. */
export function shardingByFileName(name: string): DeepspeedSharding | null {
  const stage = /z(?:ero)?[_-]?(?:stage[_-]?)?([0-3])/i.exec(name)?.[1];
  if (stage === undefined) return null;
  const offload = /offload/i.test(name) ? ('cpu' as const) : ('none' as const);
  return {
    strategy: byStage[Number(stage)] ?? 'ddp',
    offloadParameters: stage === '3' ? offload : 'none',
    offloadOptimizer: /params?\b|params?[._]/i.test(name) ? 'none' : offload,
  };
}

function deviceAt(root: ConfigNode, key: string): Offload {
  const device = valueAt(root, 'zero_optimization', key, 'device');
  return device === 'cpu' || device === 'nvme' ? device : 'none';
}

function numberAt(root: ConfigNode, ...keys: readonly string[]): number | null {
  const value = valueAt(root, ...keys);
  return typeof value === 'number' ? value : null;
}

function valueAt(root: ConfigNode, ...keys: readonly string[]): unknown {
  const node = keys.length === 1 ? entryOf(root, keys[0] ?? '')?.value : nodeAt(root, ...keys);
  return node?.kind === 'scalar' ? node.value : null;
}
