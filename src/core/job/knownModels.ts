import type { Quantization } from '../model/blueprint';
import { knownDecoders } from './knownDecoders';
import { knownEncoders } from './knownEncoders';
import { knownMixtures } from './knownMixtures';
import type { Config, KnownRow } from './knownModelRow';
import { knownMultimodal } from './knownMultimodal';

/** A widely used architecture, found by the name that documents use for it. */
export interface KnownModel {
  /** The hub id that the shapes belong to. */
  readonly id: string;
  readonly config: Config;
  /** What the name itself says about the weights (`-bnb-4bit`, `-AWQ`); null = nothing. */
  readonly quantization: Quantization | null;
}

const rows: readonly KnownRow[] = [...knownDecoders, ...knownMixtures, ...knownMultimodal, ...knownEncoders];

/** Words that copies of a model add to its name without changing its shapes, longest first. */
const neutralEndings = [
  '-fp16',
  '-bf16',
  '-instruct',
  '-chat',
  '-base',
  '-it',
  '-pt',
  '-hf',
  '-sft',
  '-dpo',
  '-unsloth',
  '-dynamic',
];

/** Endings that say how a copy's weights are stored. */
const quantizedEndings: readonly (readonly [ending: RegExp, quantization: Quantization])[] = [
  [/-(unsloth-)?bnb-(4bit|nf4)(-bf16)?$/u, { method: 'bnb-nf4', bits: 4, doubleQuant: true }],
  [/-gptq(-int4|-4bit)?$/u, { method: 'gptq', bits: 4, groupSize: 128 }],
  [/-gptq-int8$/u, { method: 'gptq', bits: 8, groupSize: 128 }],
  [/-awq(-int4)?$/u, { method: 'awq', bits: 4, groupSize: 128 }],
  [/-fp8(-dynamic)?$/u, { method: 'fp8', bits: 8 }],
  [/-(w8a8|int8)$/u, { method: 'compressed-tensors', bits: 8, type: 'int' }],
  [/-nvfp4$/u, { method: 'nvfp4', bits: 4, groupSize: 16 }],
];

const byName: ReadonlyMap<string, KnownRow> = new Map(
  rows.flatMap((one) =>
    [one.id, ...one.aliases].flatMap((name) => [
      [name.toLowerCase(), one] as const,
      [bareName(name), one] as const,
    ]),
  ),
);

/**
 * A widely used architecture by the name that a document gives: its exact id, a copy of it in another organisation
 * (`NousResearch/Meta-Llama-3-8B`), a tuned version (`-Instruct`), or a quantised one (`-bnb-4bit`, `-AWQ`).
 * null = not known; a size in a name alone is never taken for a shape.
 */
export function knownModel(name: string): KnownModel | null {
  const exact = byName.get(name.toLowerCase());
  if (exact !== undefined) return { id: exact.id, config: exact.config, quantization: null };
  let rest = name.toLowerCase();
  // That organisation's `-4bit` is its own library's format.
  const mlx = /^mlx-community\/.*-([2-8])bit$/u.exec(rest)?.[1];
  if (mlx !== undefined) {
    const found = byName.get(bareName(rest.replace(/-[2-8]bit$/u, '')));
    const quantized: Quantization = { method: 'mlx', bits: Number(mlx), groupSize: 64 };
    return found === undefined ? null : { id: found.id, config: found.config, quantization: quantized };
  }
  let quantization: Quantization | null = null;
  for (const [ending, said] of quantizedEndings) {
    if (!ending.test(rest)) continue;
    quantization = said;
    rest = rest.replace(ending, '');
    break;
  }
  const found = byName.get(bareName(rest));
  return found === undefined ? null : { id: found.id, config: found.config, quantization };
}

/** Every name that the table answers to by itself, for a list to choose from. */
export function knownModelIds(): readonly string[] {
  return rows.map((one) => one.id);
}

/** Lower case, without organisation, without endings that leave the shapes as they are. */
function bareName(name: string): string {
  let bare = name.toLowerCase().replace(/^.*\//u, '');
  for (let again = true; again;) {
    again = false;
    for (const ending of neutralEndings) {
      if (!bare.endsWith(ending)) continue;
      bare = bare.slice(0, -ending.length);
      again = true;
    }
  }
  return bare;
}
