import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gguf } from './ggufFile';
import { keras } from './kerasFile';
import { onnx } from './onnxFile';
import { safetensors, safetensorsIndex } from './safetensorsFile';
import { torchIndex, torchPickle } from './torchFile';
import type { WeightFormat, WeightsRead } from './weightFormat';

/** Every format of weight files that is read; in a folder that holds several, the first one's is the model. */
export const weightFormats: readonly WeightFormat[] = [
  safetensors,
  safetensorsIndex,
  torchIndex,
  torchPickle,
  onnx,
  keras,
  gguf,
];

/** The format of a file by its name; null for a file that holds no weights. */
export function weightFormatOf(path: string): WeightFormat | null {
  const name = basename(path);
  return weightFormats.find((format) => format.takes(name)) ?? null;
}

/** What a file of weights says; null for a name that is none. */
export async function readWeightFile(path: string): Promise<WeightsRead | null> {
  return (await weightFormatOf(path)?.read(path)) ?? null;
}

/** The file that stands for the weights of a model's folder, absolute; null when there is none. */
export async function weightsInFolder(folder: string): Promise<string | null> {
  const names = new Set(await readdir(folder).catch(() => []));
  for (const format of weightFormats) {
    const name = format.inFolder(names);
    if (name !== null) return join(folder, name);
  }
  return null;
}
