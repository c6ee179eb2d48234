import type { Dtype } from '../../units/dtype';
import type { BlueprintOutcome, TensorSpec } from '../blueprint';
import { refused } from '../buildBlueprint';
import { isRecord, shown } from '../configReader';
import { KerasLayer, KerasProblem, type Shape } from '../keras/kerasLayer';
import { weightless, weightsOf, type KerasWeight } from '../keras/kerasWeights';
import { parameterCount } from '../parameters';
import type { Description, Fields } from './description';

const DEEPEST = 64;
const MOST_WEIGHTS = 1_000_000;

/** Classes whose config holds layers. */
const models: ReadonlySet<string> = new Set(['Functional', 'Sequential', 'Model']);

/** Variable dtypes by the name of a policy: mixed ones keep their variables in fp32 (keras/src/dtype_policies). */
const dtypes: ReadonlyMap<string, Dtype> = new Map([
  ['float32', 'f32'],
  ['mixed_float16', 'f32'],
  ['mixed_bfloat16', 'f32'],
  ['bfloat16', 'bf16'],
  ['float16', 'f16'],
  ['float64', 'f64'],
]);

export function sniffKerasModel(text: string, path: string): boolean {
  return /\.json$/iu.test(path) && /"class_name"\s*:/u.test(text) && /"module"\s*:\s*"keras/u.test(text);
}

/**
 * A Keras 3 model: `config.json` within a `.keras` file, or what `model.to_json()` gives. Functional and Sequential models
 * of Keras's own layers; the shapes come from what each layer was built with. Source: keras 3.15.
 */
export const kerasModel: Description = {
  kind: 'keras-model',
  title: 'Keras model',
  fileName: null,
  syntax: 'json',
  sniff: sniffKerasModel,
  recognises: (fields) =>
    typeof fields['class_name'] === 'string' &&
    isRecord(fields['config']) &&
    (String(fields['module']).startsWith('keras') || Array.isArray(fields['config']['layers'])) &&
    (models.has(fields['class_name']) || Object.hasOwn(fields, 'registered_name')),
  read: readKerasModel,
  anchorKeys: ['class_name', 'module'],
  contextKeys: [],
};

interface Found {
  readonly name: string;
  readonly weight: KerasWeight;
  readonly dtype: Dtype;
}

function readKerasModel(fields: Fields): BlueprintOutcome {
  const found: Found[] = [];
  try {
    const root = new KerasLayer(fields);
    if (!models.has(root.className))
      return refused(`${root.called} is no Functional or Sequential model: its layers are in its own code`);
    collect(root, '', null, 0, found);
    return blueprintOf(root, found);
  } catch (error) {
    if (error instanceof KerasProblem) return refused(error.message);
    throw error;
  }
}

/** Adds the weights of a layer and of all layers within it. */
function collect(
  layer: KerasLayer,
  prefix: string,
  given: Dtype | null,
  depth: number,
  found: Found[],
): void {
  if (depth > DEEPEST) throw new KerasProblem(`its models are nested deeper than ${DEEPEST}`);
  if (models.has(layer.className)) {
    const layers = layer.value('layers');
    if (!Array.isArray(layers)) layer.problem('layers', 'a list of layers');
    for (const inner of layers as readonly unknown[]) {
      const next = new KerasLayer(inner);
      collect(next, models.has(next.className) ? `${prefix}${next.name}/` : prefix, given, depth + 1, found);
    }
    return;
  }
  // Operations on tensors stand among the layers.
  if (/^keras(?:\.src)?\.ops\b/u.test(layer.module) || weightless.test(layer.className)) return;
  const dtype = dtypeOf(layer, given);
  if (layer.className === 'Bidirectional' || layer.className === 'TimeDistributed') {
    for (const [name, inner] of wrapped(layer))
      collectOwn(inner, `${prefix}${layer.name}/${name}`, dtypeOf(inner, dtype), found);
    return;
  }
  collectOwn(layer, prefix + layer.name, dtype, found);
}

function collectOwn(layer: KerasLayer, path: string, dtype: Dtype, found: Found[]): void {
  const weights = weightsOf.get(layer.className);
  if (weights === undefined || !/^keras\b|^$/u.test(layer.module))
    throw new KerasProblem(`${layer.called} is not known: its weights are not counted`);
  if (typeof layer.value('lora_rank') === 'number')
    throw new KerasProblem(`${layer.called} has LoRA weights, which are not known`);
  for (const weight of weights(layer)) {
    if (found.length >= MOST_WEIGHTS) throw new KerasProblem(`it has more than ${MOST_WEIGHTS} weights`);
    found.push({ name: `${path}/${weight.name}`, weight, dtype });
  }
}

/** The layers that a wrapper builds. */
function wrapped(layer: KerasLayer): readonly (readonly [name: string, inner: KerasLayer])[] {
  const input = layer.input();
  if (layer.className === 'TimeDistributed') {
    const shape: Shape = [input[0] ?? null, ...input.slice(2)];
    const inner = layer.inner('layer', shape);
    return [[inner.name, inner]];
  }
  const forward = layer.inner('layer', input);
  // The other direction is a copy under another name (keras/src/layers/rnn/bidirectional.py).
  const backward = isRecord(layer.value('backward_layer')) ? layer.inner('backward_layer', input) : null;
  return [
    [forward.name, forward],
    [backward?.name ?? forward.name.replace(/^forward_/u, 'backward_'), backward ?? forward],
  ];
}

/** The dtype of a layer's variables. @throws KerasProblem for a quantised one */
function dtypeOf(layer: KerasLayer, given: Dtype | null): Dtype {
  const value = layer.value('dtype');
  if (value === undefined || value === null) return given ?? 'f32';
  const policy = isRecord(value) && isRecord(value['config']) ? value['config']['name'] : value;
  const dtype = typeof policy === 'string' ? dtypes.get(policy) : undefined;
  if (dtype === undefined)
    throw new KerasProblem(`dtype of ${layer.called} is ${shown(policy)}, whose bytes are not known`);
  return dtype;
}

function blueprintOf(root: KerasLayer, found: readonly Found[]): BlueprintOutcome {
  const usual = frequent(found);
  const tensors = found.map(({ name, weight, dtype }): TensorSpec => {
    const { shape, role, module, integer } = weight;
    const own: Dtype = integer === true ? 'i32' : dtype;
    return {
      name,
      shape,
      dtype: own === usual ? null : own,
      role,
      module,
      layer: null,
      component: 'text',
      tiedTo: null,
      experts: null,
    };
  });
  if (!Number.isSafeInteger(parameterCount({ tensors })))
    return refused('the sizes of the config give more parameters than any model can have');
  const embedding = tensors.find((tensor) => tensor.role === 'embedding');
  const parameters = parameterCount({ tensors });
  return {
    ok: true,
    blueprint: {
      architecture: root.name,
      modelType: 'keras',
      library: 'keras 3.15',
      origin: 'exact',
      assumptions: [],
      dtype: usual,
      dtypeOrigin: 'exact',
      hidden: embedding?.shape[1] ?? 0,
      vocab: embedding?.shape[0] ?? 0,
      maxContext: null,
      task: 'classify',
      layers: [],
      tensors,
      quantization: null,
      activation: null,
      logitSoftcap: false,
      attentionSoftcap: false,
      notRunnable: `a Keras model of ${parameters} parameters: what its layers keep while they compute is not known`,
    },
  };
}

function frequent(found: readonly Found[]): Dtype {
  const counts = new Map<Dtype, number>();
  for (const { dtype } of found) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  const [first] = [...counts].sort(([, one], [, next]) => next - one);
  return first?.[0] ?? 'f32';
}
