import type { ConfigReader } from '../configReader';

const kinds: Readonly<Record<string, 'full' | 'window'>> = {
  full_attention: 'full',
  sliding_attention: 'window',
};

/**
 * The window of each layer, in tokens (null = full attention): from `layer_types` where the config has it, else from
 * the family's own rule. `window` is the width that the windowed layers have; null makes every layer full.
 */
export function layerWindows(
  config: ConfigReader,
  layers: number,
  window: number | null,
  isWindowed: (index: number) => boolean,
): readonly (number | null)[] {
  const words = config.perLayerWords('layer_types', layers);
  return Array.from({ length: layers }, (_, index) => {
    const word = words?.[index];
    if (word === undefined) return isWindowed(index) ? window : null;
    const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
    if (kind === undefined) config.problem('layer_types', `entries of ${Object.keys(kinds).join(' or ')}`);
    return kind === 'window' ? window : null;
  });
}
