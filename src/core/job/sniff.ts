import { sniffKerasModel } from '../model/descriptions/kerasModel';
import { sniffLitgptModel } from '../model/descriptions/litgptModel';
import { sniffMetaParams } from '../model/descriptions/metaParams';
import { sniffMistralParams } from '../model/descriptions/mistralParams';
import { sniffAxolotl } from './formats/axolotl';
import { sniffDiffusers } from './formats/diffusers';
import { sniffHfConfig } from './formats/hfConfig';
import { sniffJobFile } from './formats/jobFile';
import { sniffPeftAdapter } from './formats/peftAdapter';
import { isVetoed } from './veto';

/** Text that a sniff looks at: what makes a file ours stands near its beginning. */
export const SNIFFED_CHARACTERS = 65_536;

/** The cheap tests of `formats/index.ts`, apart from it so that they can be had without the parsers. */
export const sniffers: readonly ((text: string, path: string) => boolean)[] = [
  sniffJobFile,
  sniffAxolotl,
  sniffDiffusers,
  sniffHfConfig,
  sniffPeftAdapter,
  sniffMetaParams,
  sniffMistralParams,
  sniffLitgptModel,
  sniffKerasModel,
];

/**
 * Whether a file may be ours, from its text (its first 64k characters are enough) and absolute path. Only string tests:
 * says yes too often, never no for a file that `recognise` takes.
 */
export function sniffs(text: string, path: string): boolean {
  const unified = path.replaceAll('\\', '/');
  if (isVetoed(unified)) return false;
  const head = text.slice(0, SNIFFED_CHARACTERS);
  return sniffers.some((sniff) => sniff(head, unified));
}
