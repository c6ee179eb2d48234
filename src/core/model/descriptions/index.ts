import type { BlueprintOutcome } from '../blueprint';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { isRecord } from '../configReader';
import type { Description } from './description';
import { kerasModel } from './kerasModel';
import { litgptModel } from './litgptModel';
import { metaParams } from './metaParams';
import { mistralParams } from './mistralParams';

/** Every kind of description that is understood, in the order in which they are asked. */
export const descriptions: readonly Description[] = [metaParams, mistralParams, litgptModel, kerasModel];

/** What descriptions are called in a model's folder. */
export const descriptionNames: ReadonlySet<string> = new Set(
  descriptions.flatMap(({ fileName }) => (fileName === null ? [] : [fileName])),
);

/** The kind of description that the fields of a file are; null for a Hugging Face config, and for no description at all. */
export function descriptionOf(fields: unknown): Description | null {
  return isRecord(fields) ? (descriptions.find((one) => one.recognises(fields)) ?? null) : null;
}

/**
 * The Blueprint of any text that describes a model, already parsed: one of the registered kinds, else a Hugging Face
 * config. Never throws.
 */
export function blueprintFromDescription(fields: unknown): BlueprintOutcome {
  if (!isRecord(fields)) return blueprintFromConfig(fields);
  return descriptionOf(fields)?.read(fields) ?? blueprintFromConfig(fields);
}
