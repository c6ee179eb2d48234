import type { Pool } from '../../hardware/target';
import type { JobDocument } from '../../job/jobDocument';
import { MiB } from '../../units/bytes';
import { dtypeBytes } from '../../units/dtype';
import { range, zero } from '../../units/range';
import { deviceMemory, draft, hostMemory, type TermDraft } from '../deviceMemory';
import type { MemoryEstimate } from '../memoryEstimate';
import { activationMemory } from '../terms/activations';
import { isEncoder } from '../terms/activationTraits';
import { loraPairs, pairElements, savedModules, type LoraPair } from '../terms/adapters';
import { peftTargets } from '../terms/peftTargets';
import { autocastCopies } from '../terms/autocastCopies';
import { torchFragmentation } from '../terms/fragmentation';
import type { ActivationSetting } from '../terms/layerActivations';
import { logitsMemory, type LogitsMemory } from '../terms/logits';
import { optimizerMemory } from '../terms/optimizerStates';
import { prefillBytes } from '../terms/prefill';
import { resolvePrecision, type HeldPrecision } from '../terms/precision';
import { runtimeTerm } from '../terms/runtime';
import { shardingOf, type Sharding } from '../terms/sharding';
import { elementsOf } from '../terms/tensorDims';
import { trainedAdapters, trainedWeights } from '../terms/trained';
import { heldTensors, heldWeights, totalBytes, type HeldTensor } from '../terms/weights';
import { cublasWorkspace } from '../terms/workspace';
import type { EngineModel } from './engineInput';
import { trainingInstants, transientBytes, type StepParts } from './trainingInstants';
import { trainingRules, type TrainingRules } from './trainingRules';

export interface TrainingInput {
  readonly job: JobDocument;
  readonly main: EngineModel;
  /** Models that take part without being trained: reference, reward, teacher. */
  readonly others: readonly EngineModel[];
  readonly pool: Pool;
}

/** A step with what the rest of the answer needs of it. */
interface Step {
  readonly parts: StepParts;
  readonly sharding: Sharding;
  readonly weightBytes: number;
  readonly adapterElements: number;
  readonly pagedBytes: number;
  readonly offloadedStates: number;
  readonly offloadedWeights: number;
  readonly notes: readonly string[];
}

/** Memory of a training job on one rank: the largest instant of a step in its steady state. */
export function trainingMemory(input: TrainingInput): MemoryEstimate {
  const { job, pool } = input;
  const { training } = job;
  const { parts, sharding, ...step } = trainingStep(input);
  const variable = !training.packing && training.microBatch * training.gradientAccumulation > 1;
  const device = deviceMemory({
    device: pool.name,
    ranks: sharding.ranks,
    instants: trainingInstants(parts),
    fragmentation: () => torchFragmentation(transientBytes(parts), variable),
    runtime: runtimeTerm(pool, 'torch'),
  });
  return {
    perDevice: [device],
    host: hostMemory([
      draft('activations', parts.activations.offloaded),
      // A paged optimizer's pages are managed memory: on the device only while nothing else wants the room.
      draft('optimizerStates', step.pagedBytes + step.offloadedStates),
      draft('weights', step.offloadedWeights),
      // The process with its data loader, once per rank.
      draft('runtime', range(1024 * MiB, 3072 * MiB, 8192 * MiB), 'assumed'),
    ]),
    diskBytes: null,
    placement: null,
    kvPoolTokens: null,
    kvRequiredBytes: null,
    poolMargin: null,
    adapterParameters: step.adapterElements,
    trainableParameters: parts.trained.elements,
    weightBytes: step.weightBytes,
    notes: step.notes,
    refusal: null,
    unknown: null,
  };
}

/** All parts of a training step on one rank. */
export function trainingStep(input: TrainingInput): Step {
  const { job, main, pool } = input;
  const { blueprint } = main;
  const { training } = job;
  const rules = trainingRules(job);
  const precision = resolvePrecision(training.precision, training.sharding.strategy);
  const notes: string[] = [];
  const adapted = training.method === 'lora' || training.method === 'dora';
  const whole = training.method === 'full' || (training.trainable ?? null) === null;

  const held = weightsOf(main, job, precision, rules);
  const weightBytes = totalBytes(held);
  const pairs = adapted
    ? loraPairs(blueprint, training.lora, training.method === 'dora', job.engine.name)
    : [];
  const stopped = adapted ? peftTargets(blueprint, training.lora.targets, job.engine.name).refusal : null;
  if (stopped !== null) notes.push(stopped);
  const trained = adapted
    ? trainedAdapters(
        pairs,
        savedModules(blueprint, training.lora),
        rules.adaptersInFp32 ? 'f32' : precision.compute,
        precision.weights,
      )
    : trainedWeights(
        held,
        precision,
        training.method === 'freeze' ? (training.trainable ?? null) : null,
        rules.wideEmbeddingStates,
      );
  if (trained.elements === 0 && stopped === null)
    notes.push(
      adapted
        ? 'no module of the model matches the LoRA targets: nothing would be trained'
        : 'nothing of the model would be trained',
    );
  if (adapted) notes.push(...heldWeights(blueprint, main.quantization, precision.weights).notes);

  const setting = activationSetting(input, precision, rules, pairs);
  const activations = activationMemory(
    blueprint,
    setting,
    training.gradientCheckpointing,
    training.activationOffload,
  );
  const checkpointed = training.gradientCheckpointing !== 'none';
  const head = blueprint.tensors.some((tensor) => tensor.role === 'head');
  const lossOf = (tokens: number): LogitsMemory =>
    head
      ? logitsMemory({
          tokens,
          vocab: blueprint.vocab,
          hidden: blueprint.hidden,
          compute: precision.compute,
          loss: training.loss,
          softcap: blueprint.logitSoftcap,
          compiled: training.compile,
          headTrained: !adapted && whole,
          upcasts: !isEncoder(blueprint) || precision.autocast,
        })
      : { forward: zero, backward: zero, kept: zero };
  const logits = lossOf(setting.batch * setting.sequence);
  const evaluated = evaluationTokens(job);
  const optimizer = optimizerMemory(trained.tensors, {
    ...training.optimizer,
    implementation: training.optimizer.implementation ?? rules.optimizerImplementation,
  });
  if (optimizer.note !== null) notes.push(optimizer.note);
  const sharding = shardingOf(job, held, precision, trained.gradientBytes);
  const states = optimizer.device / sharding.states;
  const master = trained.masterBytes / sharding.states;
  const ownWeights = weightBytes / sharding.weights;
  const adapters = trained.extraBytes / sharding.weights;

  const base: TermDraft[] = [
    draft(
      'weights',
      sharding.weightsOnHost
        ? 0
        : range(
            ownWeights,
            ownWeights,
            ownWeights + upcastBytes(held, main, adapted, rules) / sharding.weights,
          ),
      blueprint.origin,
    ),
    ...input.others.map((model) =>
      draft(
        'weights',
        totalBytes(heldTensors(model.blueprint, model.quantization, model.dtype)),
        'exact',
        model.role,
      ),
    ),
    draft('adapters', adapters, 'exact'),
    draft('optimizerStates', sharding.statesOnHost ? zero : states + master),
    draft('communication', sharding.communication),
    draft('workspace', cublasWorkspace(pool, 2)),
    ...mergedExperts(pairs, dtypeBytes(precision.compute), checkpointed),
  ];
  const gradients = trained.gradientBytes / sharding.gradients;
  const parts: StepParts = {
    base,
    activations,
    logits,
    copies: autocastCopies(blueprint, held, precision, !adapted, checkpointed),
    trained,
    embeddingTied: blueprint.tensors.some((tensor) => tensor.role === 'head' && tensor.tiedTo !== null),
    // Offloaded states step on the host, where the gradients go as they come.
    gradients: sharding.statesOnHost ? 0 : gradients,
    optimizer: sharding.statesOnHost
      ? { ...optimizer, step: zero }
      : {
          ...optimizer,
          step: range(
            optimizer.step.low / sharding.states,
            optimizer.step.expected / sharding.states,
            optimizer.step.high / sharding.states,
          ),
        },
    dequantised: Math.max(
      0,
      ...held
        .filter((tensor) => tensor.quantised)
        .map((tensor) => elementsOf(tensor.tensor) * dtypeBytes(precision.compute)),
    ),
    accumulates: training.gradientAccumulation > 1 && !training.optimizer.inBackward,
    checkpointed,
    inBackward: training.optimizer.inBackward,
    gradientScale: precision.autocast ? 1.5 : 1,
    evaluation:
      evaluated === null
        ? null
        : {
            activations: prefillBytes(blueprint, evaluated, setting.compute, null),
            logits: lossOf(evaluated).forward,
          },
    width: training.gradientCheckpointing === 'selective' ? 0.35 : training.compile ? 0.2 : 0.1,
  };
  return {
    parts,
    sharding,
    weightBytes,
    adapterElements: pairs.reduce((elements, pair) => elements + pairElements(pair), 0),
    pagedBytes: optimizer.paged,
    // Every rank of a node puts its share there.
    offloadedStates: sharding.statesOnHost
      ? optimizer.device + trained.masterBytes + trained.gradientBytes
      : 0,
    offloadedWeights: sharding.weightsOnHost ? weightBytes : 0,
    notes,
  };
}

/**
 * Experts with an adapter are multiplied as one weight, base and low-rank product together (peft/tuners/lora/layer.py, `ParamWrapper`,
 * `_LoraFactorsProxy`): of a layer while it runs, with the gradient of it on the way back; of every layer where nothing is recomputed.
 */
function mergedExperts(
  pairs: readonly LoraPair[],
  compute: number,
  checkpointed: boolean,
): readonly TermDraft[] {
  const layers = new Map<number | null, number>();
  for (const { tensor } of pairs)
    if (tensor.module === 'experts')
      layers.set(tensor.layer, (layers.get(tensor.layer) ?? 0) + elementsOf(tensor) * compute);
  if (layers.size === 0) return [];
  const layer = Math.max(...layers.values());
  const all = [...layers.values()].reduce((sum, bytes) => sum + bytes, 0);
  const kept = checkpointed ? 0 : all;
  return [draft('workspace', range(kept, kept + layer, kept + 2 * layer), 'formula', 'merged experts')];
}

/** The model's own tensors as they lie on the device, before sharding. */
function weightsOf(
  main: EngineModel,
  job: JobDocument,
  precision: HeldPrecision,
  rules: TrainingRules,
): readonly HeldTensor[] {
  const full = job.training.method === 'full';
  const held = heldTensors(main.blueprint, full ? null : main.quantization, precision.weights);
  const quantised = !full && main.quantization !== null;
  const upcast = (tensor: HeldTensor): boolean =>
    !tensor.quantised &&
    ((rules.upcastsUnquantised && quantised) ||
      (rules.upcastsNormsAndEmbeddings && ['norm', 'embedding', 'head'].includes(tensor.tensor.role)));
  return held.map((tensor) =>
    upcast(tensor) ? { ...tensor, bytes: elementsOf(tensor.tensor) * 4 } : tensor,
  );
}

function activationSetting(
  { job, main }: TrainingInput,
  precision: HeldPrecision,
  rules: TrainingRules,
  pairs: readonly LoraPair[],
): ActivationSetting {
  const { training } = job;
  const compute = dtypeBytes(precision.compute);
  const adapted = training.method === 'lora' || training.method === 'dora';
  const fp32Stream =
    precision.autocast ||
    (rules.upcastsUnquantised && main.quantization !== null && adapted) ||
    rules.upcastsNormsAndEmbeddings;
  // Preference objectives run a chosen and a rejected answer as one batch.
  const paired =
    training.objective === 'dpo' || training.objective === 'orpo' || training.objective === 'reward';
  return {
    batch: training.microBatch * (paired ? 2 : 1),
    sequence: training.sequenceLength,
    compute,
    residual: fp32Stream ? 4 : compute,
    weightsTrained: !adapted,
    castsPerLinear: precision.autocast,
    autocast: precision.autocast || (adapted && rules.autocastsAdapters && compute < 4),
    adapted: new Set(pairs.map((pair) => pair.tensor.name)),
    // PEFT's layers for bitsandbytes leave the cast to autocast, which finds 16 bits already (peft/tuners/lora/bnb.py).
    adapterCopy: rules.adaptersInFp32 && main.quantization?.method.startsWith('bnb') !== true ? compute : 0,
    attention: training.attention,
    repeatsKv: training.attention === 'eager' || !rules.groupedSdpa,
    compiled: training.compile,
  };
}

/** What a script that calls prepare_model_for_kbit_training adds: fp32 norms, embeddings and head (peft/utils/other.py). */
function upcastBytes(
  held: readonly HeldTensor[],
  main: EngineModel,
  adapted: boolean,
  rules: TrainingRules,
): number {
  if (!rules.mayUpcastUnquantised || !adapted || main.quantization === null) return 0;
  return held
    .filter((tensor) => !tensor.quantised && tensor.tensor.module !== 'buffer')
    .reduce((bytes, tensor) => bytes + Math.max(0, elementsOf(tensor.tensor) * 4 - tensor.bytes), 0);
}

/** Tokens of an evaluation batch; null where the job does not evaluate. */
function evaluationTokens({ training }: JobDocument): number | null {
  const { eval: evaluation } = training;
  if (evaluation === null) return null;
  const batch = evaluation['microBatch'];
  const sequence = evaluation['sequenceLength'];
  return (
    (typeof batch === 'number' && batch >= 1 ? batch : training.microBatch) *
    (typeof sequence === 'number' && sequence >= 1 ? sequence : training.sequenceLength)
  );
}
