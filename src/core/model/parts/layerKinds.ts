import type { ConfigReader } from '../configReader';

/** Words of `layer_types` of hybrids and what the library makes of the older ones. */
export const hybridWords: Readonly<Record<string, 'attention' | 'recurrent'>> = {
  full_attention: 'attention',
  attention: 'attention',
  linear_attention: 'recurrent',
  mamba: 'recurrent',
  mamba2: 'recurrent',
  conv: 'recurrent',
};

/**
 * What kind each layer of a mixed stack is: from the list under `key` where the config has one, else from the family's
 * own rule. A word that the family does not know is a problem.
 */
export function layerKinds<K extends string>(
  config: ConfigReader,
  key: string,
  layers: number,
  words: Readonly<Record<string, K>>,
  usual: (index: number) => K,
): readonly K[] {
  const listed = config.perLayerWords(key, layers);
  return Array.from({ length: layers }, (_, index) => {
    const word = listed?.[index];
    if (word === undefined) return usual(index);
    const kind = Object.hasOwn(words, word) ? words[word] : undefined;
    if (kind === undefined) config.problem(key, `entries of ${Object.keys(words).join(', ')}`);
    return kind ?? usual(index);
  });
}
