import { completeJob, defaultOrigin, JobDraft, modelSetting } from '../completeJob';
import {
  entryOf,
  type ConfigNode,
  type MapEntry,
  type MapNode,
  type ParsedText,
} from '../document/configNode';
import type { FileContext, Format } from '../format';
import type { Job, RecognitionOutcome, Reference, SettingOrigin } from '../job';
import { KeyReader, type Given } from '../keyReader';
import { magicComment, type MagicComment } from '../magicComment';
import { modelByName } from '../modelName';
import type { LeafPath, LeafValue } from '../jobDefaults';
import type { ModelSetting, Objective, Precision, ShardingStrategy, TrainingSettings } from '../jobDocument';
import { optimizerByName } from '../optimizerNames';
import { axolotlContradictions } from './axolotlContradictions';
import { axolotlEdits, axolotlWords } from './axolotlEdits';
import { axolotlSharding } from './axolotlSharding';

/**
 * axolotl training YAML. Keys, defaults and validation are those of axolotl 0.19.0 (`src/axolotl/utils/schemas/`,
 * `utils/config/__init__.py`, `loaders/model.py`, `core/builders/base.py`).
 */
export const AXOLOTL = 'axolotl 0.19';

const privateKeys = [
  'sequence_len',
  'micro_batch_size',
  'datasets',
  'pretraining_dataset',
  'adapter',
  'sample_packing',
  'val_set_size',
  'num_epochs',
  'lora_target_linear',
  'dataset_prepared_path',
  'gradient_accumulation_steps',
];
/** Keys of other YAML files that also name a base model: mergekit, and the frameworks that share training arguments. */
const otherKeys = [
  'merge_method',
  'slices',
  'model_name_or_path',
  '_component_',
  'apiVersion',
  'kind',
  'run',
];

export function sniffAxolotl(text: string, path: string): boolean {
  return (
    /\.ya?ml$/i.test(path) &&
    /^["']?(?:base_model|sequence_len)["']?\s*:/m.test(text) &&
    privateKeys.some((key) => text.includes(key))
  );
}

export const axolotl: Format = {
  kind: 'axolotl',
  title: 'axolotl',
  sniff: sniffAxolotl,

  read(parsed, context): RecognitionOutcome | null {
    const root = parsed.roots[0];
    if (root?.kind !== 'map' || otherKeys.some((key) => entryOf(root, key) !== null)) return null;
    const own = privateKeys.filter((key) => entryOf(root, key) !== null);
    const base = entryOf(root, 'base_model');
    const magic = magicComment(parsed.text);
    const named = base !== null && !(base.value.kind === 'scalar' && base.value.value === null);
    if (named ? own.length === 0 : own.length < 3) return null;
    if (!named && magic?.model === undefined) return fragment(base, root);
    if (!named && magic?.model === null) return fragment(base, root);
    return recognised(parsed, context, root, magic);
  },

  edits: axolotlEdits,
  words: axolotlWords,
};

function fragment(base: MapEntry | null, root: MapNode): RecognitionOutcome {
  return {
    outcome: 'fragment',
    kind: 'axolotl',
    message: 'the file names no model: set base_model',
    span: base?.keySpan ?? root.entries[0]?.keySpan ?? root.span,
  };
}

function recognised(
  parsed: ParsedText,
  context: FileContext,
  root: MapNode,
  magic: MagicComment | null,
): RecognitionOutcome {
  const keys = new KeyReader(parsed, root, context.path);
  const draft = new JobDraft();
  const references: Reference[] = [];
  const reading = new AxolotlReading(keys, draft, context, magic, references);
  reading.readAll();
  axolotlContradictions(keys);
  const anchor = root.entries.find((entry) => entry.key === 'base_model') ?? root.entries[0];
  const job: Job = {
    ...completeJob(draft),
    anchor: anchor?.keySpan ?? root.span,
    anchorKey: anchor?.key ?? 'base_model',
    modelReferences: draft.models.map(() => 'model:0'),
    declaredTarget: magic?.target ?? null,
  };
  return {
    outcome: 'recognised',
    recognition: { kind: 'axolotl', bareModel: false, jobs: [job], references, problems: keys.problems },
  };
}

/** Largest values that can be meant; beyond them a figure is a typing error. */
const LARGEST_TOKENS = 1e9;
const LARGEST_COUNT = 1e6;

class AxolotlReading {
  constructor(
    private readonly keys: KeyReader,
    private readonly draft: JobDraft,
    private readonly context: FileContext,
    private readonly magic: MagicComment | null,
    private readonly references: Reference[],
  ) {}

  readAll(): void {
    this.draft.set('engine.name', 'axolotl', this.said('axolotl file'));
    this.draft.set('task', 'train', this.said('axolotl file'));
    this.objective();
    this.batch();
    const adapter = this.method();
    this.checkpointing(adapter !== null);
    this.kernels();
    this.parallel();
    this.data();
    const sharding = axolotlSharding(this.keys, this.draft, this.context, this.references);
    this.precision(adapter !== null, sharding);
    this.models(adapter);
  }

  private said(source: string): SettingOrigin {
    return { origin: 'exact', source, file: this.context.path, key: null, keySpan: null, valueSpan: null };
  }

  private fallback(value: unknown): SettingOrigin {
    return defaultOrigin(`${AXOLOTL}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  }

  private objective(): void {
    const rl = this.keys.oneOf('rl', ['dpo', 'ipo', 'kto', 'orpo', 'simpo', 'grpo', 'gdpo', 'ebft']);
    const reward = this.keys.flag('reward_model');
    const pretraining = this.keys.entry('pretraining_dataset');
    if (rl !== null) {
      this.draft.set('training.objective', objectives[rl.value], rl.origin);
      this.draft.set('training.rl', this.rlSettings(rl.value), rl.origin);
    } else if (reward?.value === true) {
      this.draft.set('training.objective', 'reward', reward.origin);
    } else if (pretraining !== null) {
      this.draft.set('training.objective', 'pretrain', this.keys.origin(pretraining));
    } else {
      this.draft.set('training.objective', 'sft', this.fallback('sft'));
    }
  }

  private rlSettings(loss: string): Readonly<Record<string, unknown>> {
    const trl = this.keys.node('trl');
    const vllm = this.keys.node('vllm');
    return {
      loss,
      referenceModel: referenceObjectives.has(loss),
      precomputeReference: this.keys.isOn('precompute_ref_log_probs'),
      numGenerations: scalarOf(trl, 'num_generations'),
      maxCompletionLength: scalarOf(trl, 'max_completion_length'),
      beta: scalarOf(trl, 'beta'),
      useVllm: scalarOf(trl, 'use_vllm') === true,
      vllmMode: scalarOf(trl, 'vllm_mode'),
      vllmMemoryFraction: scalarOf(vllm, 'gpu_memory_utilization'),
    };
  }

  private batch(): void {
    const micro = this.keys.whole('micro_batch_size', 1, LARGEST_COUNT);
    this.setOr('training.microBatch', micro, 1);
    const accumulation = this.keys.whole('gradient_accumulation_steps', 1, LARGEST_COUNT);
    const total = this.keys.whole('batch_size', 1, LARGEST_COUNT);
    if (accumulation === null && total !== null) {
      const steps = Math.max(1, Math.floor(total.value / (micro?.value ?? 1)));
      this.draft.set('training.gradientAccumulation', steps, total.origin);
    } else {
      this.setOr('training.gradientAccumulation', accumulation, 1);
    }
    this.setOr('training.sequenceLength', this.keys.whole('sequence_len', 1, LARGEST_TOKENS), 512);
    this.setOr('training.packing', this.keys.flag('sample_packing'), false);
    this.evaluation(micro?.value ?? 1);
  }

  private evaluation(micro: number): void {
    const size = this.keys.real('val_set_size', 0, LARGEST_TOKENS);
    const tests = this.keys.entry('test_datasets');
    const batch = this.keys.whole('eval_batch_size', 1, LARGEST_COUNT);
    const length = this.keys.whole('eval_sequence_len', 1, LARGEST_TOKENS);
    const evaluated = (size !== null && size.value > 0) || tests !== null;
    const origin = batch?.origin ?? size?.origin ?? (tests === null ? null : this.keys.origin(tests));
    if (!evaluated || origin === null) {
      this.draft.set('training.eval', null, size?.origin ?? this.fallback('val_set_size 0'));
      return;
    }
    const sequenceLength = length?.value ?? this.draft.get('training.sequenceLength');
    this.draft.set('training.eval', { microBatch: batch?.value ?? micro, sequenceLength }, origin);
  }

  /** Method and LoRA settings; the adapter, null for full fine-tuning. */
  private method(): Given<string> | null {
    const adapter = this.keys.text('adapter');
    const dora = this.keys.flag('peft_use_dora');
    const unfrozen = this.keys.words('unfrozen_parameters');
    if (adapter === null) {
      const partial = unfrozen !== null && unfrozen.value.length > 0;
      if (partial) {
        this.draft.set('training.method', 'freeze', unfrozen.origin);
        this.draft.set('training.trainable', unfrozen.value, unfrozen.origin);
      } else {
        this.draft.set('training.method', 'full', this.fallback('no adapter, so full fine-tuning'));
      }
      return null;
    }
    const method = dora?.value === true ? 'dora' : 'lora';
    this.draft.set('training.method', method, (dora?.value === true ? dora : adapter).origin);
    this.loraTargets(adapter);
    return adapter;
  }

  private loraTargets(adapter: Given<string>): void {
    const rank = this.keys.whole('lora_r', 1, 65536);
    if (rank !== null) this.draft.set('training.lora.rank', rank.value, rank.origin);
    else if (this.keys.entry('lora_r') === null && this.keys.entry('lora_model_dir') === null) {
      this.keys.contradiction(`adapter: ${adapter.value} needs lora_r`, 'adapter');
    }
    const linear = this.keys.flag('lora_target_linear');
    const modules = this.keys.words('lora_target_modules');
    const parameters = this.keys.words('lora_target_parameters');
    const named = modules !== null && modules.value.length > 0 ? modules : null;
    const experts = parameters !== null && parameters.value.length > 0 ? parameters : null;
    if (linear?.value === true) {
      this.draft.set('training.lora.targets', 'all-linear', linear.origin);
    } else {
      const targets = named === null && experts === null ? null : targetsOf(named, experts);
      const source =
        named === null
          ? 'no lora_target_* is set: all linear layers assumed'
          : 'lora_target_modules is an expression: all linear layers assumed';
      const assumed: SettingOrigin = {
        ...(named?.origin ?? this.said(source)),
        source,
        origin: 'assumed',
      };
      const origin = targets === null ? assumed : ((named ?? experts)?.origin ?? assumed);
      this.draft.set('training.lora.targets', targets ?? 'all-linear', origin);
    }
    const saved = this.keys.words('lora_modules_to_save');
    this.setOr('training.lora.modulesToSave', saved, []);
  }

  private checkpointing(adapter: boolean): void {
    const entry = this.keys.entry('gradient_checkpointing');
    const raw = entry?.value.kind === 'scalar' ? entry.value.value : null;
    const offloading = raw === 'offload' || raw === 'offload_disk';
    const checkpointing = offloading || entry === null ? null : this.keys.flag('gradient_checkpointing');
    const fsdp = this.keys.node('fsdp_config');
    const fsdpEntry =
      entryOf(fsdp, 'activation_checkpointing') ?? entryOf(fsdp, 'fsdp_activation_checkpointing');
    const byFsdp = fsdpEntry?.value.kind === 'scalar' && fsdpEntry.value.value === true;
    const on = offloading || checkpointing?.value === true || byFsdp;

    const offload = this.keys.entry('activation_offloading');
    const mode = offload?.value.kind === 'scalar' ? offload.value.value : null;
    const known = mode === null || typeof mode === 'boolean' || offloadModes.has(String(mode));
    if (offload !== null && !known)
      this.keys.impossible(offload, mode, 'true, false, legacy, disk or hidden_states');
    const offloads = offloading || mode === true || (typeof mode === 'string' && known);
    // `true` replaces recomputation by moving what is kept to the host; a full fine-tune has it wrapped back in.
    const replaced = (raw === 'offload' || mode === true) && adapter;

    const selective = this.keys.isOn('selective_checkpointing') && on;
    const value = !on || replaced ? 'none' : selective ? 'selective' : 'full';
    const selectiveEntry = selective ? this.keys.entry('selective_checkpointing') : null;
    const from = selectiveEntry ?? (byFsdp && entry === null ? fsdpEntry : null) ?? entry;
    this.draft.set(
      'training.gradientCheckpointing',
      value,
      from === null ? this.fallback(false) : this.keys.origin(from),
    );
    const offloadFrom = offload ?? (offloading ? entry : null);
    this.draft.set(
      'training.activationOffload',
      offloads,
      offloadFrom === null ? this.fallback(false) : this.keys.origin(offloadFrom),
    );
  }

  private kernels(): void {
    const optimizer = this.keys.text('optimizer');
    const name = optimizer?.value ?? 'adamw_torch_fused';
    this.draft.set('training.optimizer', optimizerByName(name), optimizer?.origin ?? this.fallback(name));
    this.attention();
    this.loss();
    const compile = this.keys.entry('torch_compile');
    const value = compile?.value.kind === 'scalar' ? compile.value.value : null;
    if (compile === null) this.draft.set('training.compile', false, this.fallback(false));
    else if (value === 'auto') this.draft.set('training.compile', true, this.keys.origin(compile));
    else this.setOr('training.compile', this.keys.flag('torch_compile'), false);
  }

  private attention(): void {
    const named = this.keys.text('attn_implementation');
    if (named !== null) {
      const known = attentionOf(named.value);
      if (known === null)
        this.keys.impossible(
          named.entry,
          named.value,
          `one of ${attentions.join(', ')}, or a kernel path with "/"`,
        );
      this.draft.set('training.attention', known ?? 'sdpa', named.origin);
      return;
    }
    for (const [key, value] of legacyAttention) {
      const flag = this.keys.flag(key);
      if (flag?.value !== true) continue;
      this.draft.set('training.attention', value, flag.origin);
      return;
    }
    this.draft.set('training.attention', 'sdpa', defaultOrigin('transformers: sdpa'));
  }

  /** Cut cross entropy is on as soon as its plugin is listed; liger's fused loss needs its plugin and its flag. */
  private loss(): void {
    const plugins = this.keys.words('plugins');
    const lists = (name: string): boolean => plugins?.value.some((plugin) => plugin.includes(name)) === true;
    const cut = this.keys.flag('cut_cross_entropy');
    const liger = this.keys.flag('liger_fused_linear_cross_entropy');
    const chunked = this.keys.flag('chunked_cross_entropy');
    if (lists('CutCrossEntropyPlugin') && cut?.value !== false) {
      this.draft.set('training.loss', 'fused', (cut ?? plugins)?.origin ?? this.fallback(true));
    } else if (lists('LigerPlugin') && liger?.value === true) {
      this.draft.set('training.loss', 'fused', liger.origin);
    } else if (chunked?.value === true) {
      this.draft.set('training.loss', 'chunked', chunked.origin);
    } else {
      this.draft.set('training.loss', 'plain', this.fallback('plain cross entropy'));
    }
  }

  private data(): void {
    this.setOr('training.data.epochs', this.keys.real('num_epochs', 0, LARGEST_COUNT), 1);
    // -1 is the trainer's own word for no limit.
    const steps = this.keys.whole('max_steps', -1, LARGEST_TOKENS);
    if (steps === null || steps.value < 1) return;
    // It ends the run whatever num_epochs says; a step takes its batch from every data-parallel device.
    const perStep =
      (this.draft.get('training.microBatch') ?? 1) *
      (this.draft.get('training.gradientAccumulation') ?? 1) *
      (this.draft.get('training.sequenceLength') ?? 1) *
      (this.draft.get('parallel.data') ?? 1);
    const tokens = steps.value * perStep;
    if (!Number.isSafeInteger(tokens)) return;
    this.draft.set('training.data.tokens', tokens, steps.origin);
    this.draft.set('training.data.epochs', 1, steps.origin);
  }

  private parallel(): void {
    const tensor = this.keys.whole('tensor_parallel_size', 1, LARGEST_COUNT);
    const context =
      this.keys.whole('context_parallel_size', 1, LARGEST_COUNT) ??
      this.keys.whole('sequence_parallel_degree', 1, LARGEST_COUNT);
    this.setOr('parallel.tensor', tensor, 1);
    this.setOr('parallel.context', context, 1);
    this.setOr('parallel.expert', this.keys.whole('expert_parallel_size', 1, LARGEST_COUNT), 1);
    const shard = this.keys.whole('dp_shard_size', 1, LARGEST_COUNT);
    const replicate = this.keys.whole('dp_replicate_size', 1, LARGEST_COUNT);
    const others = (tensor?.value ?? 1) * (context?.value ?? 1);
    const gpus = this.magic?.gpus ?? null;
    if (gpus !== null && this.magic !== null) {
      const place = { start: this.magic.start, end: this.magic.end };
      const origin = {
        ...this.said(`magic comment: gpus=${gpus}`),
        key: 'gpus',
        keySpan: place,
        valueSpan: place,
      };
      if (gpus % others !== 0) {
        this.keys.contradiction(
          `gpus=${gpus} is no multiple of tensor_parallel_size × context_parallel_size = ${others}`,
          'tensor_parallel_size',
          'context_parallel_size',
        );
      }
      this.draft.set('parallel.data', Math.max(1, Math.floor(gpus / others)), origin);
      this.draft.set('resources.devicesPerNode', gpus, origin);
    } else if (shard !== null || replicate !== null) {
      const data = (shard?.value ?? 1) * (replicate?.value ?? 1);
      this.draft.set('parallel.data', data, (shard ?? replicate)?.origin ?? this.fallback(1));
    } else {
      this.draft.set('parallel.data', 1, {
        ...this.said('the launcher sets the number of devices: 1 assumed, `# rooflens: gpus=8` declares it'),
        origin: 'assumed',
        file: null,
      });
    }
  }

  /** `resolve_dtype`: the type that the model is loaded in. `bf16: auto` is taken as bf16, which all newer GPUs have. */
  private precision(adapter: boolean, strategy: ShardingStrategy): void {
    const bf16 = this.keys.entry('bf16');
    const bf16Value = bf16?.value.kind === 'scalar' ? bf16.value.value : null;
    const auto = bf16 === null || bf16Value === 'auto';
    const on = auto || bf16Value === 'full' ? null : this.keys.flag('bf16');
    const pure = this.keys.flag('bfloat16');
    const fp16 = this.keys.flag('fp16');
    const float16 = this.keys.flag('float16');
    const fp8 = this.keys.flag('fp8');
    const bf16Origin = bf16 === null ? this.fallback('bf16: auto') : this.keys.origin(bf16);
    const half = fp16?.value === true ? fp16 : float16?.value === true ? float16 : null;
    let weights: Precision['weights'] = 'f32';
    let origin = bf16Origin;
    if (on?.value === true || bf16Value === 'full') weights = 'bf16';
    else if (pure?.value === true) [weights, origin] = ['bf16', pure.origin];
    else if (half !== null) [weights, origin] = ['f16', half.origin];
    else if (auto) weights = 'bf16';
    const compute = fp8?.value === true ? 'f8_e4m3' : weights;
    const value = heldAs(weights, compute, strategy, adapter);
    this.draft.set('training.precision', value, fp8?.value === true ? fp8.origin : origin);
  }

  private models(adapter: Given<string> | null): void {
    const base = this.keys.entry('base_model');
    const written = base?.value.kind === 'scalar' ? base.value.value : null;
    if (base !== null && typeof written !== 'string') {
      this.keys.impossible(base, written ?? 'no text', 'a model id or path');
    }
    const name = this.magic?.model ?? (written === null ? '' : String(written));
    const origin = base === null ? this.said('magic comment') : this.keys.origin(base);
    const revision = this.keys.text('revision_of_model') ?? this.keys.text('model_revision');
    const quantization = this.quantization(adapter);
    const located = modelByName(name);
    const setting: ModelSetting = modelSetting({ ...located, quantization: quantization?.value });
    const field = 'path' in located ? 'path' : 'hub';
    this.draft.addModel(setting, {
      [field]: origin,
      ...(quantization === null ? {} : { quantization: quantization.origin }),
    });
    this.references.unshift({
      id: 'model:0',
      kind: 'model',
      name,
      revision: revision?.value ?? null,
      keySpan: origin.keySpan,
      valueSpan: origin.valueSpan,
    });
    const rl = this.draft.get('training.rl');
    // With an adapter the reference is the same model with the adapter switched off.
    if (rl?.['referenceModel'] === true && rl['precomputeReference'] !== true && adapter === null) {
      this.draft.addModel({ ...setting, role: 'reference' }, { [field]: origin });
    }
  }

  /**
   * `loaders/model.py`: only `adapter: qlora` with `load_in_4bit` and `adapter: lora` with `load_in_8bit` build a
   * bitsandbytes config; nf4 with double quantisation unless `bnb_config_kwargs` says otherwise.
   */
  private quantization(
    adapter: Given<string> | null,
  ): { readonly value: ModelSetting['quantization']; readonly origin: SettingOrigin } | null {
    const four = this.keys.flag('load_in_4bit');
    const eight = this.keys.flag('load_in_8bit');
    const loading = this.keys.oneOf('model_quantization_config', ['Mxfp4Config', 'FineGrainedFP8Config']);
    if (loading !== null) {
      const dequantize = scalarOf(this.keys.node('model_quantization_config_kwargs'), 'dequantize') === true;
      if (dequantize) return { value: null, origin: loading.origin };
      const value =
        loading.value === 'Mxfp4Config'
          ? { method: 'mxfp4', bits: 4, groupSize: 32 }
          : { method: 'fp8', bits: 8, blockShape: [128, 128] as const };
      return { value, origin: loading.origin };
    }
    if (adapter?.value === 'qlora' && four?.value === true) {
      const options = this.keys.node('bnb_config_kwargs');
      const type = scalarOf(options, 'bnb_4bit_quant_type') === 'fp4' ? 'bnb-fp4' : 'bnb-nf4';
      const doubleQuant = scalarOf(options, 'bnb_4bit_use_double_quant') !== false;
      return { value: { method: type, bits: 4, doubleQuant, ...this.experts() }, origin: four.origin };
    }
    if (adapter?.value === 'lora' && eight?.value === true) {
      return { value: { method: 'bnb-int8', bits: 8, ...this.experts() }, origin: eight.origin };
    }
    return null;
  }

  /** `monkeypatch/moe_quant.py`: expert parameters are quantised as they are loaded. */
  private experts(): { readonly experts?: true } {
    return this.keys.isOn('quantize_moe_experts') ? { experts: true } : {};
  }

  private setOr<P extends LeafPath>(
    path: P,
    given: Given<LeafValue<P>> | null,
    fallback: LeafValue<P>,
  ): void {
    this.draft.set(path, given?.value ?? fallback, given?.origin ?? this.fallback(fallback));
  }
}

const objectives: Readonly<
  Record<'dpo' | 'ipo' | 'kto' | 'orpo' | 'simpo' | 'grpo' | 'gdpo' | 'ebft', Objective>
> = {
  dpo: 'dpo',
  ipo: 'dpo',
  kto: 'kto',
  orpo: 'orpo',
  // Pairs without a reference model, as orpo.
  simpo: 'orpo',
  grpo: 'grpo',
  gdpo: 'grpo',
  ebft: 'grpo',
};
const referenceObjectives: ReadonlySet<string> = new Set(['dpo', 'ipo', 'kto']);

const offloadModes: ReadonlySet<string> = new Set(['legacy', 'disk', 'hidden_states']);

const attentions = [
  'eager',
  'sdpa',
  'flash_attention_2',
  'flash_attention_3',
  'flash_attention_4',
  'flash_attention_torch',
  'flex_attention',
  'xformers',
  'sage',
  'fp8',
] as const;

/** Older flags, the specific ones first, as axolotl resolves them. */
const legacyAttention: readonly (readonly [string, TrainingSettings['attention']])[] = [
  ['xformers_attention', 'flash'],
  ['sage_attention', 'flash'],
  ['flex_attention', 'flash'],
  ['flash_attention', 'flash'],
  ['sdp_attention', 'sdpa'],
  ['eager_attention', 'eager'],
];

/** Kernels that never build the score matrix count as flash; null = no name that axolotl takes. */
function attentionOf(name: string): TrainingSettings['attention'] | null {
  if (name === 'eager' || name === 'sdpa') return name;
  if (name === 'fp8') return 'sdpa';
  return name.includes('/') || (attentions as readonly string[]).includes(name) ? 'flash' : null;
}

/**
 * PEFT takes a list as module suffixes and one text as a regular expression on the whole module name. Of such an
 * expression the last part names the modules: `.*(q|k|v)_proj` is q_proj, k_proj, v_proj. null = not to be read so.
 */
function targetsOf(
  modules: Given<readonly string[]> | null,
  parameters: Given<readonly string[]> | null,
): readonly string[] | 'all-linear' | null {
  const [single] = modules?.value ?? [];
  const isText = modules?.entry.value.kind === 'scalar' && single !== undefined;
  if (isText && single === 'all-linear') return 'all-linear';
  const named = isText ? suffixesOf(single) : (modules?.value ?? []);
  return named === null ? null : [...named, ...(parameters?.value ?? [])];
}

const MOST_SUFFIXES = 64;

/** Literal module names that the last part of a regular expression stands for. */
function suffixesOf(expression: string): readonly string[] | null {
  const last = /(?:^|[.*+\]/])((?:\w|\((?:\?:)?\w+(?:\|\w+)*\))+)\$?$/.exec(expression)?.[1];
  if (last === undefined) return null;
  let names: readonly string[] = [''];
  for (const part of last.matchAll(/\((?:\?:)?([^)]*)\)|\w+/g)) {
    const options = part[1] === undefined ? [part[0]] : part[1].split('|');
    names = names.flatMap((name) => options.map((option) => name + option));
    if (names.length > MOST_SUFFIXES) return null;
  }
  return names;
}

function scalarOf(node: ConfigNode | null, key: string): string | number | boolean | null {
  const value = entryOf(node, key)?.value;
  return value?.kind === 'scalar' ? value.value : null;
}

/**
 * What is held in which type. Alone or under DDP the model is trained in the type it is loaded in. DeepSpeed keeps an
 * fp32 master copy (`runtime/bf16_optimizer.py`, `fp16/fused_optimizer.py`). Under FSDP accelerate casts what is
 * trained to fp32 (`accelerator.py`), so a full fine-tune is mixed precision; adapters are fp32 anyway.
 */
function heldAs(
  weights: Precision['weights'],
  compute: Precision['compute'],
  strategy: ShardingStrategy,
  adapter: boolean,
): TrainingSettings['precision'] {
  const sixteen = weights !== 'f32';
  const deepspeed = strategy === 'zero1' || strategy === 'zero2' || strategy === 'zero3';
  const fsdp = strategy === 'fsdp' || strategy === 'fsdp2' || strategy === 'fsdp-hybrid';
  if (deepspeed && sixteen) return { weights, compute, master: 'f32', gradients: weights, reduce: null };
  if (fsdp && sixteen && !adapter) {
    if (compute === 'bf16') return 'bf16-mixed';
    if (compute === 'f16') return 'fp16-mixed';
    return 'fp8-mixed';
  }
  if (weights === 'bf16' && compute === 'bf16') return 'bf16';
  if (weights === 'f32' && compute === 'f32') return 'fp32';
  return { weights, compute, master: null, gradients: weights, reduce: null };
}
