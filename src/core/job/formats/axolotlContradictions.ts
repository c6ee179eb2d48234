import { entryOf } from '../document/configNode';
import type { KeyReader } from '../keyReader';
import { fsdpVersion } from './axolotlSharding';

/**
 * Settings that axolotl refuses together, as far as they touch memory, speed or the start: the validators of
 * `utils/schemas/{validation,peft,config}.py` and of its liger and cut-cross-entropy integrations, version 0.19.0.
 */
export function axolotlContradictions(keys: KeyReader): void {
  for (const check of checks) check(keys);
}

type Check = (keys: KeyReader) => void;

const checks: readonly Check[] = [
  quantisedLoading,
  batchFields,
  checkpointing,
  crossEntropy,
  attention,
  sharding,
  parallelism,
  optimizers,
  reinforcement,
  restarts,
  pretraining,
  experts,
];

function scalar(keys: KeyReader, key: string): string | number | boolean | null {
  const node = keys.node(key);
  return node?.kind === 'scalar' ? node.value : null;
}

function quantisedLoading(keys: KeyReader): void {
  const adapter = scalar(keys, 'adapter');
  const four = keys.isOn('load_in_4bit');
  const eight = keys.isOn('load_in_8bit');
  const bits = four ? 'load_in_4bit' : 'load_in_8bit';
  if (adapter === null && (four || eight)) {
    keys.contradiction(
      `${bits}: true needs an adapter: a quantised model cannot be fine-tuned in full`,
      bits,
    );
  }
  if (adapter === 'qlora' && !four) keys.contradiction('adapter: qlora needs load_in_4bit: true', 'adapter');
  if (adapter === 'qlora' && eight) {
    keys.contradiction(
      'adapter: qlora cannot be loaded in 8 bits: load_in_8bit must be false',
      'load_in_8bit',
    );
  }
  if (adapter === 'qlora' && keys.isOn('gptq'))
    keys.contradiction('adapter: qlora and gptq: true exclude each other', 'gptq');
  if (adapter === 'lora' && four && !eight) {
    keys.contradiction(
      'load_in_4bit: true has no effect with adapter: lora: only adapter: qlora loads the base in 4 bits',
      'load_in_4bit',
    );
  }
  const builtIn = adapter === null || ['lora', 'qlora', 'llama-adapter'].includes(String(adapter));
  if (!builtIn && keys.entry('plugins') === null) {
    keys.contradiction(
      `adapter: ${String(adapter)} is not built in and no plugin is listed that brings it`,
      'adapter',
    );
  }
  if (keys.entry('model_quantization_config') !== null && (four || eight)) {
    keys.contradiction(
      `model_quantization_config and ${bits} exclude each other`,
      'model_quantization_config',
    );
  }
  if (keys.isOn('qat') && (four || eight)) keys.contradiction(`qat and ${bits} exclude each other`, 'qat');
  const kernels = ['lora_mlp_kernel', 'lora_qkv_kernel', 'lora_o_kernel'].filter((key) => keys.isOn(key));
  const [kernel] = kernels;
  if (kernel !== undefined && adapter === 'lora' && eight) {
    keys.contradiction(`${kernel} does not work with an 8-bit base`, kernel);
  }
  if (keys.entry('max_memory') !== null && keys.entry('gpu_memory_limit') !== null) {
    keys.contradiction('max_memory and gpu_memory_limit exclude each other', 'gpu_memory_limit');
  }
}

function batchFields(keys: KeyReader): void {
  const total = keys.entry('batch_size') !== null;
  const steps = keys.entry('gradient_accumulation_steps') !== null;
  if (total && steps)
    keys.contradiction('set gradient_accumulation_steps or batch_size, not both', 'batch_size');
  if (total && !steps && keys.entry('micro_batch_size') === null) {
    keys.contradiction('batch_size needs micro_batch_size beside it', 'batch_size');
  }
}

function checkpointing(keys: KeyReader): void {
  const on = keys.isOn('gradient_checkpointing');
  if (keys.isOn('activation_offloading') && !on) {
    keys.contradiction('activation_offloading needs gradient_checkpointing: true', 'activation_offloading');
  }
  if (keys.isOn('selective_checkpointing') && !on) {
    keys.contradiction(
      'selective_checkpointing needs gradient_checkpointing: true',
      'selective_checkpointing',
    );
  }
  const reentrant = entryOf(keys.node('gradient_checkpointing_kwargs'), 'use_reentrant')?.value;
  if (reentrant?.kind === 'scalar' && reentrant.value === true) {
    const partial = keys.isOn('unfrozen_parameters') ? 'unfrozen_parameters' : 'selective_checkpointing';
    if (keys.isOn(partial)) {
      keys.contradiction(`${partial} needs use_reentrant: false`, 'gradient_checkpointing_kwargs');
    }
  }
}

function crossEntropy(keys: KeyReader): void {
  const losses = [
    'cut_cross_entropy',
    'chunked_cross_entropy',
    'liger_cross_entropy',
    'liger_fused_linear_cross_entropy',
  ];
  const on = losses.filter((key) => keys.isOn(key));
  const last = on.at(-1);
  if (on.length > 1 && last !== undefined) {
    keys.contradiction(`only one cross entropy can be chosen: ${on.join(', ')} are on`, last);
  }
  const bf16 = scalar(keys, 'bf16');
  const half = bf16 === null || bf16 === 'auto' || keys.isOn('bf16') || keys.isOn('fp16');
  if (keys.isOn('cut_cross_entropy') && !half) {
    keys.contradiction('cut_cross_entropy needs bf16 or fp16', 'cut_cross_entropy');
  }
}

function attention(keys: KeyReader): void {
  const named = scalar(keys, 'attn_implementation');
  const flags = [
    'xformers_attention',
    'sage_attention',
    'flex_attention',
    'flash_attention',
    'sdp_attention',
    'eager_attention',
  ];
  const [flag] = flags.filter((key) => keys.isOn(key));
  if (named !== null && flag !== undefined) {
    keys.contradiction(`attn_implementation and ${flag} exclude each other`, flag);
  }
}

function sharding(keys: KeyReader): void {
  const config = keys.node('fsdp_config');
  if (keys.isOn('deepspeed') && (keys.isOn('fsdp') || config?.kind === 'map')) {
    keys.contradiction('deepspeed and fsdp exclude each other', 'fsdp', 'fsdp_config');
  }
  if (config?.kind !== 'map') return;
  const option = (key: string): unknown => {
    const node = (entryOf(config, key) ?? entryOf(config, `fsdp_${key}`))?.value;
    return node?.kind === 'scalar' ? node.value : null;
  };
  const optimizer = String(scalar(keys, 'optimizer') ?? '');
  const version = fsdpVersion(keys);
  if (version === 1 && option('offload_params') === true && optimizer.includes('8bit')) {
    keys.contradiction(`FSDP offload does not work with optimizer: ${optimizer}`, 'optimizer');
  }
  if (version === 2 && ['adamw_8bit', 'adamw_bnb_8bit'].includes(optimizer)) {
    keys.contradiction(
      `FSDP2 does not work with optimizer: ${optimizer}; adamw_torch_8bit does`,
      'optimizer',
    );
  }
  if (version === 2 && option('cpu_ram_efficient_loading') === true && keys.isOn('load_in_4bit')) {
    keys.contradiction('FSDP2 with load_in_4bit needs cpu_ram_efficient_loading: false', 'fsdp_config');
  }
  const preference = ['dpo', 'kto', 'orpo', 'ipo'].includes(String(scalar(keys, 'rl')));
  if (version === 2 && preference && (keys.isOn('load_in_4bit') || keys.isOn('load_in_8bit'))) {
    keys.contradiction('FSDP2 does not support a quantised base with preference training', 'rl');
  }
}

function parallelism(keys: KeyReader): void {
  const size = (key: string): number => {
    const value = scalar(keys, key);
    return typeof value === 'number' ? value : 1;
  };
  const optimizer = String(scalar(keys, 'optimizer') ?? '');
  if (size('tensor_parallel_size') > 1) {
    if (['paged_adamw_8bit', 'adamw_8bit', 'adamw_bnb_8bit'].includes(optimizer)) {
      keys.contradiction(
        `tensor_parallel_size above 1 does not work with optimizer: ${optimizer}`,
        'tensor_parallel_size',
      );
    }
    const [liger] = ['liger_fused_linear_cross_entropy', 'liger_rms_norm'].filter((key) => keys.isOn(key));
    if (liger !== undefined)
      keys.contradiction(`tensor_parallel_size above 1 does not work with ${liger}`, liger);
  }
  if (size('context_parallel_size') <= 1) return;
  const named = scalar(keys, 'attn_implementation');
  const flash = named === null ? keys.isOn('flash_attention') : String(named).startsWith('flash_attention_2');
  if (!flash) {
    keys.contradiction(
      'context_parallel_size above 1 needs attn_implementation: flash_attention_2',
      'context_parallel_size',
    );
  }
  if (keys.isOn('sample_packing') && size('micro_batch_size') > 1) {
    keys.contradiction(
      'context_parallel_size above 1 with sample_packing needs micro_batch_size: 1',
      'micro_batch_size',
    );
  }
}

function optimizers(keys: KeyReader): void {
  const optimizer = String(scalar(keys, 'optimizer') ?? '');
  const strict = optimizer === 'muon' || optimizer.startsWith('flash_') || optimizer === 'q_galore_adamw8bit';
  if (!strict && optimizer !== 'polora') return;
  if (keys.isOn('deepspeed'))
    keys.contradiction(`optimizer: ${optimizer} does not work with DeepSpeed`, 'optimizer');
  const sharded = keys.isOn('fsdp') || keys.isOn('fsdp_config');
  if (sharded && fsdpVersion(keys) !== 2) {
    keys.contradiction(`optimizer: ${optimizer} works with FSDP only as fsdp_version: 2`, 'optimizer');
  }
  const adapter = scalar(keys, 'adapter');
  if (optimizer === 'q_galore_adamw8bit' && adapter !== null) {
    keys.contradiction('optimizer: q_galore_adamw8bit trains full parameters, not an adapter', 'optimizer');
  }
  if (optimizer === 'polora' && adapter !== 'lora' && adapter !== 'qlora') {
    keys.contradiction(
      'optimizer: polora trains LoRA factors only: it needs adapter: lora or qlora',
      'optimizer',
    );
  }
}

function reinforcement(keys: KeyReader): void {
  const rl = scalar(keys, 'rl');
  if (rl === null) return;
  if (keys.isOn('sample_packing')) {
    keys.contradiction(`sample_packing does not work with rl: ${String(rl)}`, 'sample_packing');
  }
  if (rl !== 'grpo') return;
  const trl = keys.node('trl');
  const number = (key: string): number | null => {
    const node = entryOf(trl, key)?.value;
    return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : null;
  };
  const generations = number('num_generations');
  if (generations === null) return;
  if (generations < 2) {
    keys.contradiction('GRPO compares answers: trl.num_generations must be 2 or more', 'trl');
    return;
  }
  const micro = Number(scalar(keys, 'micro_batch_size') ?? 1);
  const steps = Number(scalar(keys, 'gradient_accumulation_steps') ?? 1);
  const batch = number('generation_batch_size') ?? micro * steps;
  if (Number.isInteger(batch) && batch % generations !== 0) {
    keys.contradiction(
      `micro_batch_size × gradient_accumulation_steps = ${batch} is no multiple of trl.num_generations = ${generations}`,
      'micro_batch_size',
      'gradient_accumulation_steps',
      'trl',
    );
  }
}

function restarts(keys: KeyReader): void {
  if (!keys.isOn('relora')) return;
  const adapter = scalar(keys, 'adapter');
  if (adapter !== 'lora' && adapter !== 'qlora')
    keys.contradiction('relora needs adapter: lora or qlora', 'relora');
  const [sharder] = ['deepspeed', 'fsdp', 'fsdp_config'].filter((key) => keys.isOn(key));
  if (sharder !== undefined) keys.contradiction(`relora does not work with ${sharder}`, sharder);
}

function pretraining(keys: KeyReader): void {
  if (keys.isOn('pretraining_dataset') && !keys.isOn('max_steps')) {
    keys.contradiction('pretraining_dataset has no known length: it needs max_steps', 'pretraining_dataset');
  }
}

function experts(keys: KeyReader): void {
  if (!keys.isOn('quantize_moe_experts')) return;
  const adapter = scalar(keys, 'adapter');
  if (adapter !== 'lora' && adapter !== 'qlora') {
    keys.contradiction('quantize_moe_experts needs adapter: lora or qlora', 'quantize_moe_experts');
  }
  if (!keys.isOn('load_in_4bit') && !keys.isOn('load_in_8bit')) {
    keys.contradiction('quantize_moe_experts needs load_in_4bit or load_in_8bit', 'quantize_moe_experts');
  }
  if (keys.isOn('lora_target_linear')) {
    keys.contradiction('lora_target_linear does not work with quantize_moe_experts', 'lora_target_linear');
  }
}
