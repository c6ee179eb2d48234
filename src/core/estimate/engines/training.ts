import type { JobDocument } from '../../job/jobDocument';
import type { Blueprint, Quantization, TensorSpec } from '../../model/blueprint';
import type { Pool } from '../../hardware/target';
import { MiB } from '../../units/bytes';
import { dtypeBytes, type Dtype } from '../../units/dtype';
import { exactly, range, sum, zero, type Range } from '../../units/range';
import { deviceMemory, draft, hostMemory, type Instant, type TermDraft } from '../deviceMemory';
import type { MemoryEstimate, Phase } from '../memoryEstimate';
import { activationMemory } from '../terms/activations';
import { loraPairs, pairElements, savedModules } from '../terms/adapters';
import { torchFragmentation } from '../terms/fragmentation';
import type { ActivationSetting } from '../terms/layerActivations';
import { logitsMemory } from '../terms/logits';
import { optimizerMemory, type TrainedTensor } from '../terms/optimizerStates';
import { resolvePrecision, type HeldPrecision } from '../terms/precision';
import { runtimeTerm } from '../terms/runtime';
import { elementsOf, linearDims } from '../terms/tensorDims';
import { heldTensors, totalBytes, type HeldTensor } from '../terms/weights';
import { cublasWorkspace } from '../terms/workspace';
import { trainingRules, type TrainingRules } from './trainingRules';

/** A model that takes part in training without being trained (reference, reward, teacher). */
export interface FrozenModel {
  readonly role: string;
  readonly blueprint: Blueprint;
  readonly quantization: Quantization | null;
  readonly dtype: Dtype;
}

export interface TrainingInput {
  readonly job: JobDocument;
  readonly blueprint: Blueprint;
  readonly quantization: Quantization | null;
  /** dtype of what is not quantised, for a base that is not trained. */
  readonly dtype: Dtype;
  readonly frozen: readonly FrozenModel[];
  readonly pool: Pool;
  readonly ranks: number;
}

/** Trained tensors with what else is held for them. */
interface Trained {
  readonly tensors: readonly TrainedTensor[];
  readonly elements: number;
  /** Bytes of the trained tensors themselves where they are not part of the weights (adapters). */
  readonly extraBytes: number;
  readonly gradientBytes: number;
  readonly largestGradient: number;
  /** Gradient bytes of one layer and of the head or embedding. */
  readonly layerGradient: number;
  readonly embeddingGradient: number;
}

/**
 * Memory of one training step on one device: the largest of the instants
 * end of forward with the loss, differentiating the loss, differentiating the first and the last layer, stepping the optimizer.
 * Gradients and activations replace each other during the backward pass, so the two ends of it bound what is between.
 */
export function trainingMemory(input: TrainingInput): MemoryEstimate {
  const { job, blueprint, pool } = input;
  const { training } = job;
  const rules = trainingRules(job);
  const precision = resolvePrecision(training.precision);
  const notes: string[] = [];
  const full = training.method === 'full';
  const adapted = training.method === 'lora' || training.method === 'dora';

  const held = heldWeights(input, precision, rules);
  const weightBytes = totalBytes(held);
  const pairs = adapted ? loraPairs(blueprint, training.lora, training.method === 'dora') : [];
  const adapterDtype: Dtype = rules.adaptersInFp32 ? 'f32' : precision.compute;
  const trained = adapted
    ? trainedAdapters(pairs, savedModules(blueprint, training.lora), adapterDtype, precision.weights)
    : trainedWeights(held, precision);
  if (adapted && trained.elements === 0)
    notes.push('no module of the model matches the LoRA targets; nothing would be trained');

  const setting = activationSetting(input, precision, rules, pairs);
  const activations = activationMemory(
    blueprint,
    setting,
    training.gradientCheckpointing,
    training.activationOffload,
  );
  const tokens = setting.batch * setting.sequence;
  const head = blueprint.tensors.some((tensor) => tensor.role === 'head');
  const logits = head
    ? logitsMemory({
        tokens,
        vocab: blueprint.vocab,
        hidden: blueprint.hidden,
        compute: precision.compute,
        loss: training.loss,
        softcap: blueprint.logitSoftcap,
        compiled: training.compile,
        headTrained: full,
      })
    : { forward: zero, backward: zero, kept: zero };
  const optimizer = optimizerMemory(trained.tensors, {
    ...training.optimizer,
    implementation: training.optimizer.implementation ?? rules.optimizerImplementation,
  });
  if (optimizer.note !== null) notes.push(optimizer.note);

  const castCache = autocastCopies(held, precision, full);
  const dequantised = Math.max(
    0,
    ...held.filter((tensor) => tensor.quantised).map((tensor) => elementsOf(tensor.tensor) * 2),
  );
  const workspace = cublasWorkspace(pool, 2);
  const accumulates = training.gradientAccumulation > 1 && !training.optimizer.inBackward;
  const checkpointed = training.gradientCheckpointing !== 'none';

  const base: TermDraft[] = [
    draft('weights', weightBytes, 'exact'),
    ...input.frozen.map((model) =>
      draft(
        'weights',
        totalBytes(heldTensors(model.blueprint, model.quantization, model.dtype)),
        'exact',
        model.role,
      ),
    ),
    draft('adapters', trained.extraBytes, 'exact'),
    draft('optimizerStates', pagedRange(optimizer.device, optimizer.paged), 'formula'),
    draft('workspace', workspace, 'formula'),
  ];
  const gradients = (bytes: number): TermDraft => draft('gradients', bytes, 'formula');
  const allGradients = training.optimizer.inBackward ? 0 : trained.gradientBytes;
  const carried = accumulates ? allGradients : 0;
  const kept = activations.kept + activations.head;
  const work = (bytes: number): TermDraft =>
    draft('activations', activationRange(bytes, kept, training), 'formula');

  const step: Phase = 'train-step';
  const instants: Instant[] = [
    {
      phase: step,
      terms: [
        ...base,
        gradients(carried),
        work(0),
        draft('logits', logits.forward),
        draft('workspace', castCache.forward),
      ],
    },
    {
      phase: step,
      terms: [
        ...base,
        gradients(Math.max(carried, full ? trained.embeddingGradient : 0)),
        work(0),
        draft('logits', logits.backward),
        draft('workspace', checkpointed ? 0 : castCache.forward),
      ],
    },
    {
      phase: step,
      terms: [
        ...base,
        gradients(
          Math.min(
            Math.max(carried, trained.embeddingGradient + trained.layerGradient),
            Math.max(carried, trained.gradientBytes),
          ),
        ),
        work(activations.working),
        draft('workspace', (checkpointed ? castCache.layer : castCache.forward) + 2 * dequantised),
      ],
    },
    {
      phase: step,
      terms: [
        ...base,
        gradients(
          training.optimizer.inBackward
            ? trained.layerGradient + trained.embeddingGradient
            : allGradients + trained.largestGradient,
        ),
        draft('activations', activations.bottom),
        draft('workspace', castCache.layer + dequantised),
      ],
    },
    {
      phase: 'optimizer-step',
      terms: [...base, gradients(allGradients), draft('workspace', optimizer.step)],
    },
  ];

  const transient =
    allGradients + kept + activations.working + Math.max(logits.forward.expected, logits.backward.expected);
  const variable = !training.packing && training.microBatch * training.gradientAccumulation > 1;
  const device = deviceMemory({
    device: pool.name,
    ranks: input.ranks,
    instants,
    fragmentation: () => torchFragmentation(Math.min(transient, 64 * 2 ** 30), variable),
    runtime: runtimeTerm(pool, 'torch'),
  });
  return {
    perDevice: [device],
    host: hostMemory([
      draft('activations', activations.offloaded),
      // A paged optimizer's pages and the process itself, with its data loader.
      draft('optimizerStates', range(0, 0, optimizer.paged)),
      draft('runtime', range(1024 * MiB, 3072 * MiB, 8192 * MiB), 'assumed'),
    ]),
    diskBytes: null,
    placement: null,
    kvPoolTokens: null,
    kvRequiredBytes: null,
    poolMargin: null,
    adapterParameters: adapted ? pairs.reduce((elements, pair) => elements + pairElements(pair), 0) : 0,
    trainableParameters: trained.elements,
    weightBytes,
    notes,
    refusal: null,
    unknown: null,
  };
}

/** The model's own tensors as they lie on the device. */
function heldWeights(
  input: TrainingInput,
  precision: HeldPrecision,
  rules: TrainingRules,
): readonly HeldTensor[] {
  const { job, blueprint } = input;
  const full = job.training.method === 'full';
  const dtype = precision.weights;
  const held = heldTensors(blueprint, full ? null : input.quantization, dtype);
  const upcast = (tensor: HeldTensor): boolean =>
    !tensor.quantised &&
    ((rules.upcastsUnquantised && input.quantization !== null && !full) ||
      (rules.upcastsNormsAndEmbeddings && ['norm', 'embedding', 'head'].includes(tensor.tensor.role)));
  return held.map((tensor) =>
    upcast(tensor) ? { ...tensor, bytes: elementsOf(tensor.tensor) * 4 } : tensor,
  );
}

function trainedWeights(held: readonly HeldTensor[], precision: HeldPrecision): Trained {
  const tensors: TrainedTensor[] = [];
  let gradientBytes = 0;
  let largestGradient = 0;
  let embeddingGradient = 0;
  const layers = new Map<string, number>();
  for (const { tensor, bytes } of held) {
    if (tensor.module === 'buffer') continue;
    const elements = elementsOf(tensor);
    const heldIn: Dtype = bytes === elements * 4 ? 'f32' : precision.weights;
    const gradient = elements * Math.max(dtypeBytes(precision.gradients), dtypeBytes(heldIn));
    const embedding = tensor.role === 'embedding' || tensor.role === 'position';
    tensors.push({ shape: tensor.shape, elements, dtype: precision.master ?? heldIn, embedding });
    gradientBytes += gradient;
    largestGradient = Math.max(largestGradient, gradient);
    if (tensor.layer === null) embeddingGradient = Math.max(embeddingGradient, gradient);
    else
      layers.set(
        `${tensor.component} ${tensor.layer}`,
        (layers.get(`${tensor.component} ${tensor.layer}`) ?? 0) + gradient,
      );
  }
  const elements = tensors.reduce((count, tensor) => count + tensor.elements, 0);
  return {
    tensors,
    elements,
    extraBytes: precision.master === null ? 0 : elements * dtypeBytes(precision.master),
    gradientBytes,
    largestGradient,
    layerGradient: Math.max(0, ...layers.values()),
    embeddingGradient,
  };
}

function trainedAdapters(
  pairs: ReturnType<typeof loraPairs>,
  saved: readonly TensorSpec[],
  dtype: Dtype,
  savedDtype: Dtype,
): Trained {
  const tensors: TrainedTensor[] = [];
  for (const pair of pairs) {
    for (const shape of [
      [pair.rank, pair.input],
      [pair.output, pair.rank],
      ...(pair.magnitude ? [[pair.output]] : []),
    ])
      tensors.push({
        shape,
        elements: shape.reduce((product, size) => product * size, 1),
        dtype,
        embedding: false,
      });
  }
  let savedGradient = 0;
  for (const tensor of saved) {
    const elements = elementsOf(tensor);
    savedGradient = Math.max(savedGradient, elements * dtypeBytes(savedDtype));
    tensors.push({
      shape: tensor.shape,
      elements,
      dtype: savedDtype,
      embedding: tensor.role === 'embedding',
    });
  }
  const bytes = tensors.reduce(
    (sumBytes, tensor) => sumBytes + tensor.elements * dtypeBytes(tensor.dtype),
    0,
  );
  const layers = new Set(pairs.map((pair) => pair.tensor.layer)).size;
  return {
    tensors,
    elements: tensors.reduce((count, tensor) => count + tensor.elements, 0),
    extraBytes: bytes,
    gradientBytes: bytes,
    largestGradient: 0,
    layerGradient: layers > 0 ? bytes / layers : 0,
    embeddingGradient: savedGradient,
  };
}

function activationSetting(
  input: TrainingInput,
  precision: HeldPrecision,
  rules: TrainingRules,
  pairs: ReturnType<typeof loraPairs>,
): ActivationSetting {
  const { job, blueprint } = input;
  const { training } = job;
  const compute = dtypeBytes(precision.compute);
  const full = training.method === 'full';
  const fp32Stream =
    precision.autocast ||
    (rules.upcastsUnquantised && input.quantization !== null) ||
    rules.upcastsNormsAndEmbeddings;
  const pairedObjective =
    training.objective === 'dpo' || training.objective === 'orpo' || training.objective === 'reward';
  return {
    batch: training.microBatch * (pairedObjective ? 2 : 1),
    sequence: training.sequenceLength,
    compute,
    residual: fp32Stream ? 4 : compute,
    weightsTrained: full,
    castsPerLinear: precision.autocast,
    adapted: new Set(pairs.map((pair) => pair.tensor.name)),
    adapterCopy: rules.adaptersInFp32 ? compute : 0,
    attention: training.attention,
    repeatsKv: training.attention === 'eager' || !rules.groupedSdpa,
    dropout: hasDropout(blueprint),
    compiled: training.compile,
  };
}

/** Families whose configs drop out a tenth of activations by default (hidden_dropout_prob, resid_pdrop). */
function hasDropout(blueprint: Blueprint): boolean {
  return ['bert', 'roberta', 'xlm-roberta', 'distilbert', 'gpt2', 'electra', 'camembert'].includes(
    blueprint.modelType,
  );
}

/**
 * 16-bit copies of fp32 weights that autocast makes once per forward pass and keeps until its end; the graph keeps those of layers that
 * are not computed again (aten/src/ATen/autocast_mode.cpp: cached for fp32 leaves that require a gradient).
 */
function autocastCopies(
  held: readonly HeldTensor[],
  precision: HeldPrecision,
  full: boolean,
): { readonly forward: number; readonly layer: number } {
  if (!precision.autocast) return { forward: 0, layer: 0 };
  const compute = dtypeBytes(precision.compute);
  const layers = new Map<string, number>();
  let forward = 0;
  for (const { tensor, quantised } of held) {
    if (quantised || linearDims(tensor) === null) continue;
    const bytes = elementsOf(tensor) * compute;
    forward += bytes;
    const key = `${tensor.component} ${tensor.layer ?? 'none'}`;
    layers.set(key, (layers.get(key) ?? 0) + bytes);
  }
  const layer = Math.max(0, ...layers.values());
  return full ? { forward, layer } : { forward: layer, layer };
}

/** Paged states are on the device while there is room: they count in full at most, not at all at least. */
function pagedRange(device: number, paged: number): Range {
  return sum(exactly(device), range(0, paged, paged));
}

/** Activations follow from shapes; versions of the frameworks differ in what they fuse and repeat, mostly downwards. */
function activationRange(working: number, kept: number, training: JobDocument['training']): Range {
  const bytes = kept + working;
  const wide = training.gradientCheckpointing === 'selective' ? 0.35 : training.compile ? 0.2 : 0.12;
  return range(bytes * (1 - wide), bytes, bytes * (1 + wide));
}
