import type { TensorRole } from '../blueprint';
import { isRecord, MOST_LAYERS, shown, type ConfigReader } from '../configReader';
import type { Architecture } from '../family';
import type { Experts, ModelBuilder } from '../parts/modelBuilder';
import type { Entry } from './entry';
import { evaluate, holds, type Fields, type FieldValue } from './expression';
import { describeLayer, type LayerRow } from './layerOfRoles';
import { firstSpan, inStride, parseRow, type Row, type Span } from './tableRows';

/** Finds the class of a part, or its like of another model type when its section is of that one. */
export type Resolve = (className: string, otherType: string | null) => Architecture | null;

/** Where the config of a part or of a nested field is read. */
class Reading {
  private readonly sections = new Map<string, ConfigReader>();

  constructor(
    private readonly entry: Entry,
    private readonly config: ConfigReader,
  ) {}

  section(key: string): ConfigReader {
    const known = this.sections.get(key);
    if (known !== undefined) return known;
    const made = this.config.section(key);
    this.sections.set(key, made);
    const rules = Object.entries(this.entry.given ?? {}).filter(([path]) => path.startsWith(`${key}.`));
    if (rules.length === 0) return made;
    const given = made.given(
      Object.fromEntries(
        rules.map(([path, rule]) => [path.slice(key.length + 1), evaluate(rule, this.filled)]),
      ),
    );
    this.sections.set(key, given);
    return given;
  }

  /** What the config itself says, declared defaults included. */
  readonly raw: Fields = (path) => {
    if (path === 'num_labels') return this.config.labels(this.entry.labels);
    const [first = '', ...rest] = path.split('.');
    const last = rest.at(-1);
    if (last === undefined) return plain(this.config.value(first));
    const index = Number(last);
    if (!Number.isInteger(index)) return plain(this.section(first).value(rest.join('.')));
    const reader = rest.length === 1 ? this.config : this.section(first);
    const key = rest.length === 1 ? first : rest.slice(0, -1).join('.');
    const list = reader.value(key);
    if (!Array.isArray(list) || index >= list.length) {
      reader.problem(key, `a list of more than ${index} entries`);
      return 1;
    }
    return plain(list[index]);
  };

  /** The same, with what the class takes where a field is null. */
  readonly filled: Fields = (path) => {
    const value = this.raw(path);
    const rule = value === null ? this.entry.derived?.[path] : undefined;
    return rule === undefined ? value : evaluate(rule, this.filled);
  };
}

function plain(value: unknown): FieldValue {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string' ? value : null;
}

/** A size or count; what cannot be one becomes a problem of the first field that the expression names. */
function sizeOf(text: string, reading: Reading, config: ConfigReader, most = 1e9): number {
  const value = evaluate(text, reading.filled);
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  const field = /[A-Za-z_][\w.]*/u.exec(text)?.[0] ?? text;
  config.problem(field.split('.')[0] ?? field, `a number from which ${text} follows`);
  return 0;
}

/** The numbers that a span stands for. */
interface Numbers {
  readonly low: number;
  readonly high: number;
  readonly has: (index: number) => boolean;
}

function numbersOf(span: Span, reading: Reading, config: ConfigReader): Numbers {
  const size = (text: string): number => sizeOf(text, reading, config, MOST_LAYERS);
  const low = size(span.low);
  const high = size(span.high);
  const taken = inStride(span.stride, size);
  return { low, high, has: (index) => index >= low && index < high && taken(index) };
}

interface Placed extends Row, Numbers {
  /** Nested config that says how many there are; empty for the class's own. */
  readonly section: string;
  readonly rest: string;
}

const looksBothWays = /^(encoder|vision|audio|projector)$/u;

/** Component of a tensor by its name: towers, the two halves of an encoder-decoder, what joins them. */
export function componentOf(name: string, halves: boolean): string {
  if (/(projector|connector|merger|modality|adapter_projection|qformer|perceiver)/u.test(name))
    return 'projector';
  if (/(vision|visual|image_encoder|pixel)/u.test(name)) return 'vision';
  if (/(audio|speech_encoder|whisper)/u.test(name)) return 'audio';
  if (halves && /(^|\.)encoder\./u.test(name)) return 'encoder';
  if (halves && /(^|\.)decoder\./u.test(name)) return 'decoder';
  return 'text';
}

function add(row: Row, name: string, build: Building): void {
  const { model, reading, config } = build;
  const shape = row.dims.map((dim) => sizeOf(dim, reading, config));
  const experts = row.kind === 'experts' ? expertsOf(config, shape[0] ?? 0) : null;
  const dtype = row.dtype ?? (row.kind === 'buffer' ? 'f32' : null);
  const options = { ...(dtype === null ? {} : { dtype }), experts };
  if (!row.withBias) {
    model.tensor(name, shape, row.role, row.kind, options);
    return;
  }
  const module = name === '' ? '' : `${name}.`;
  model.tensor(`${module}weight`, shape, row.role, row.kind, options);
  const outputs = row.kind === 'conv1d' ? shape[1] : shape[0];
  model.tensor(`${module}bias`, [outputs ?? 0], row.role, row.kind, options);
}

const activeKeys = [
  'num_experts_per_tok',
  'num_experts_per_token',
  'moe_topk',
  'moe_k',
  'top_k_experts',
  'moe_top_k',
  'num_selected_experts',
];

function expertsOf(config: ConfigReader, count: number): Experts {
  const key = activeKeys.find((one) => typeof config.value(one) === 'number');
  const active = key === undefined ? 1 : config.integer(key, { min: 1 });
  return { count, active: Math.min(active, Math.max(count, 1)) };
}

interface Building {
  readonly entry: Entry;
  readonly model: ModelBuilder;
  readonly config: ConfigReader;
  readonly reading: Reading;
  readonly halves: boolean;
  /** Component of what has no sign of its own in its name. */
  readonly usual: string;
}

function sectionOf(size: string): string {
  return /^(\w+)\.\w+$/u.exec(size)?.[1] ?? '';
}

/** Rows of one stack of layers, which become LayerSpecs when they attend or have an MLP. */
function addStack(
  before: string,
  rows: readonly Placed[],
  build: Building,
  counts: Map<string, number>,
): void {
  const { model, config, entry } = build;
  const low = Math.min(...rows.map((row) => row.low));
  const high = Math.max(...rows.map((row) => row.high));
  const marks: readonly TensorRole[] = ['q', 'qkv', 'down', 'up'];
  const layered = rows.some(({ role }) => marks.includes(role));
  const ofLayer = (index: number): readonly Placed[] => rows.filter((row) => row.has(index));
  const inLayer = (index: number): void => {
    for (const row of ofLayer(index)) expand(row, row.rest, build);
  };
  const component = componentOf(`${model.path(before)}.`, build.halves);
  const name = component === 'text' ? build.usual : component;
  model.component(name, () => {
    if (!layered) {
      for (let index = low; index < high; index++) model.scope(`${before}.${index}`, () => inLayer(index));
      return;
    }
    const first = counts.get(name) ?? 0;
    counts.set(name, first + high - low);
    const shapes = (index: number): readonly LayerRow[] =>
      ofLayer(index)
        .filter(({ rest }) => firstSpan(rest) === null)
        .map((row) => ({
          role: row.role,
          kind: row.kind,
          name: row.rest,
          shape: row.dims.map((dim) => sizeOf(dim, build.reading, config)),
        }));
    const section = rows[0]?.section ?? '';
    const nested = section !== '' && !Array.isArray(config.value(section));
    const described = nested ? build.reading.section(section) : config;
    const hidden = hiddenOf(described);
    // A stack may begin after layers of another kind.
    model.stack(
      before,
      high,
      hidden,
      (index) => {
        if (index < low) return;
        inLayer(index);
        describeLayer(model, described, shapes(index), {
          causal:
            entry.causal === true && !looksBothWays.test(name) && described.value('is_decoder') !== false,
          side: name,
          index,
          layers: high,
          window: entry.window ?? null,
        });
      },
      first,
    );
  });
}

const hiddenKeys = ['hidden_size', 'd_model', 'n_embd', 'dim', 'embed_dim', 'encoder_hidden_size'];

function hiddenOf(config: ConfigReader): number {
  const key = hiddenKeys.find((one) => typeof config.value(one) === 'number');
  return key === undefined ? 0 : config.integer(key);
}

/** Every tensor that a row stands for below the current scope. */
function expand(row: Row, name: string, build: Building): void {
  const span = firstSpan(name);
  if (span === null) {
    add(row, name, build);
    return;
  }
  const { model, reading, config } = build;
  const { low, high, has } = numbersOf(span, reading, config);
  for (let index = low; index < high; index++) {
    if (!has(index)) continue;
    model.scope([span.before, String(index)].filter((part) => part !== '').join('.'), () =>
      expand(row, span.after, build),
    );
  }
}

function addOwn(build: Building): void {
  const { entry, model, reading, config } = build;
  const stacks = new Map<string, Placed[]>();
  const counts = new Map<string, number>();
  const alone: Row[] = [];
  for (const row of entry.rows.map(parseRow)) {
    if (!holds(row.condition, reading.raw)) continue;
    const span = firstSpan(row.name);
    if (span === null) {
      alone.push(row);
      continue;
    }
    const numbers = numbersOf(span, reading, config);
    if (numbers.high <= numbers.low) continue;
    const placed = { ...row, ...numbers, section: sectionOf(span.high), rest: span.after };
    stacks.set(span.before, [...(stacks.get(span.before) ?? []), placed]);
  }
  for (const row of alone) {
    const component = componentOf(model.path(row.name), build.halves);
    model.component(component === 'text' ? build.usual : component, () => add(row, row.name, build));
  }
  for (const [before, rows] of stacks) addStack(before, rows, build, counts);
}

function addParts(build: Building, resolve: Resolve): void {
  const { entry, model, config, reading } = build;
  for (const [prefix, className, section, omit, modelType] of entry.parts ?? []) {
    const inner = section === '' ? config : reading.section(section);
    const actual = inner.modelType === '' ? modelType : inner.modelType;
    const architecture = resolve(className, section === '' || actual === modelType ? null : actual);
    if (architecture === null) {
      config.problem(section, `a config of a known model_type, not ${shown(actual)}`);
      continue;
    }
    const before = model.facts;
    const component = section === '' ? 'text' : componentOf(`${section}.`, false);
    const body = (): void =>
      model.scope(prefix, () => model.without(omit, () => architecture.build(inner, model)));
    if (component === 'text') body();
    else model.component(component, body);
    // The language model speaks for the whole.
    if (before.vocab > 0) model.facts = before;
  }
}

function setFacts(build: Building): void {
  const { model, config } = build;
  const embedding = model.tensors.find(({ role, shape }) => role === 'embedding' && shape.length === 2);
  if (model.facts.hidden !== 0 && (model.facts.vocab > 0 || embedding === undefined)) return;
  const contextKeys = [
    'max_position_embeddings',
    'n_positions',
    'max_source_positions',
    'max_target_positions',
  ];
  const contextKey = contextKeys.find((one) => typeof config.value(one) === 'number');
  const activationKey = ['hidden_act', 'activation_function', 'hidden_activation'].find(
    (one) => typeof config.value(one) === 'string',
  );
  model.facts = {
    ...model.facts,
    hidden: embedding?.shape[1] ?? (hiddenOf(config) || model.facts.hidden),
    vocab: embedding?.shape[0] ?? 0,
    maxContext: contextKey === undefined ? null : config.optionalSize(contextKey),
    activation: activationKey === undefined ? null : config.text(activationKey),
  };
}

function addTies(build: Building): void {
  const { entry, model, reading, config } = build;
  for (const [name, owner, condition] of entry.ties ?? []) {
    if (!holds(condition, reading.raw)) continue;
    const span = firstSpan(name);
    if (span === null) {
      model.tieIfThere(model.path(name), model.path(owner));
      continue;
    }
    const { low, high, has } = numbersOf(span, reading, config);
    for (let index = low; index < high; index++) {
      if (!has(index)) continue;
      const path = [span.before, String(index), span.after].filter((part) => part !== '').join('.');
      model.tieIfThere(model.path(path), model.path(owner.replaceAll('{}', String(index))));
    }
  }
}

/** What a model without words reads: pictures or sound. */
function usualComponent(config: ConfigReader): string {
  if (config.value('vocab_size') !== undefined || isRecord(config.value('text_config'))) return 'text';
  if (config.value('image_size') !== undefined || config.value('patch_size') !== undefined) return 'vision';
  if (config.value('num_mel_bins') !== undefined || config.value('sampling_rate') !== undefined)
    return 'audio';
  return config.value('num_channels') === undefined ? 'text' : 'vision';
}

/** The class that an entry of the table describes. */
export function generatedClass(name: string, entry: Entry, library: string, resolve: Resolve): Architecture {
  return {
    name,
    modelType: entry.type,
    task: entry.task,
    library: `${library}, generated`,
    build(config, model) {
      const reading = new Reading(entry, config);
      for (const [field, value] of Object.entries(entry.requires ?? {}))
        if (JSON.stringify(reading.raw(field)) !== JSON.stringify(value))
          model.assume(
            `${field} is known with ${JSON.stringify(value)} alone, not with ${shown(reading.raw(field))}`,
          );
      if (entry.assumed !== undefined) model.assume(entry.assumed);
      const halves = config.value('is_encoder_decoder') === true;
      const usual = model.currentComponent === 'text' ? usualComponent(config) : model.currentComponent;
      const build: Building = { entry, model, config, reading, halves, usual };
      addParts(build, resolve);
      addOwn(build);
      addTies(build);
      setFacts(build);
    },
  };
}
