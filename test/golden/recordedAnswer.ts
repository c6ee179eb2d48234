import { expandNames, recordedLines } from '../support/recordedNames';
import assert from 'node:assert/strict';
import { blueprintFromConfig } from '../../src/core/model/blueprintFromConfig';
import type { AttentionSpec, Blueprint, LayerSpec } from '../../src/core/model/blueprint';
import { parameterCount } from '../../src/core/model/parameters';

export interface Answer {
  readonly class: string;
  readonly label: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: number;
  readonly tensors: readonly string[];
  readonly tied: readonly (readonly string[])[];
  /** Per layer what the library's own cache held after three tokens, where it could be run without memory. */
  readonly cache?: readonly string[];
}

export interface Recording {
  readonly library: string;
  readonly modelType: string;
  readonly answers: readonly Answer[];
}

/** Classes whose own cache holds more than the layer needs; the engine's rules say so, not the Blueprint. */
const expandedCache = new Set(['falcon']);

function ourTensors(blueprint: Blueprint): Map<string, string> {
  return new Map(
    blueprint.tensors.map((tensor) => [
      tensor.name,
      JSON.stringify(tensor.shape) +
        (tensor.dtype === null || tensor.dtype === 'f32' ? '' : ` ${tensor.dtype}`),
    ]),
  );
}

/** Groups of names that share memory, in a canonical order. */
function ourTies(blueprint: Blueprint): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const tensor of blueprint.tensors)
    if (tensor.tiedTo !== null)
      groups.set(tensor.tiedTo, [...(groups.get(tensor.tiedTo) ?? [tensor.tiedTo]), tensor.name]);
  return [...groups.values()].map((names) => names.sort()).sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

function differences(recorded: Map<string, string>, ours: Map<string, string>): readonly string[] {
  const lines: string[] = [];
  for (const [name, shape] of recorded)
    if (ours.get(name) !== shape)
      lines.push(`${name}: library ${shape}, ours ${ours.get(name) ?? 'missing'}`);
  for (const [name, shape] of ours) if (!recorded.has(name)) lines.push(`${name}: only ours ${shape}`);
  return lines.slice(0, 12);
}

/** What a layer keeps, the way the recording writes it: keys and values after three tokens, then what is kept per sequence. */
function keptLine({ attention, recurrent }: LayerSpec): string {
  // A layer without attention, one that looks at images alone and one that uses another's keys keep none of these tokens.
  const keeps = attention !== null && attention.sharesKvWithLayer === null;
  const tokens = keeps ? cacheLine(attention) : '-';
  if (recurrent === null) return tokens;
  return `${tokens} conv ${recurrent.convElements} state ${recurrent.stateElements}`;
}

function cacheLine(attention: AttentionSpec): string {
  const { window, kvHeads, keyDim, valueDim, latent, compressed } = attention;
  // transformers 5.15 and later keep the latent and the rotary key, both as one head.
  if (latent !== null) return `full [1,1,3,${latent.rank}] [1,1,3,${latent.ropeDim}]`;
  const entries =
    compressed === undefined
      ? ''
      : ` compressed ${compressed.ratio} ${compressed.dim} ${compressed.indexerDim}`;
  return `${window === null ? 'full' : `window ${window}`} [1,${kvHeads},3,${keyDim}] [1,${kvHeads},3,${valueDim}]${entries}`;
}

/** Holds our Blueprint of an answer's config equal to the answer: names, shapes, shared memory, count and what layers keep. */
export function assertEqualsLibrary(answer: Answer, modelType: string): void {
  const outcome = blueprintFromConfig(answer.config);
  assert.ok(outcome.ok, `${answer.label}: ${outcome.ok ? '' : outcome.reason}`);
  const { blueprint } = outcome;
  assert.equal(blueprint.architecture, answer.class);
  assert.deepEqual(
    differences(recordedLines(answer.tensors), ourTensors(blueprint)),
    [],
    `${answer.label}: names and shapes`,
  );
  assert.deepEqual(ourTies(blueprint), answer.tied, `${answer.label}: tied tensors`);
  assert.equal(parameterCount(blueprint), answer.parameters, `${answer.label}: parameters`);
  if (answer.cache === undefined || expandedCache.has(modelType)) return;
  const recordedCache = answer.cache.flatMap((line) => {
    const space = line.indexOf(' ');
    return expandNames(line.slice(0, space)).map(
      (index) => [Number(index), line.slice(space + 1).replace(/^full - -$/u, '-')] as const,
    );
  });
  // Layers of a tower and of what joins it keep nothing from one token to the next, and the library's cache has no place for them.
  const keeping = blueprint.layers.filter(
    ({ component }) => !['vision', 'audio', 'projector'].includes(component),
  );
  const ourCache = keeping.map((layer) => [layer.index, keptLine(layer)] as const);
  assert.deepEqual(
    ourCache,
    recordedCache
      // BART's decoder alone still gets places for the layers of the encoder, which stay empty.
      .filter(([index, line]) => index < ourCache.length || line !== '-')
      .sort(([a], [b]) => a - b),
    `${answer.label}: what a layer keeps`,
  );
}
