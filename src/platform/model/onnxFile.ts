import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { shown } from '../../core/model/configReader';
import { readOnnx, type OnnxContents } from '../../core/model/onnx';
import type { WeightHeader } from '../../core/model/safetensors';
import { readOpenFile, type FileRead } from './openFile';
import { firstOf, type WeightFormat } from './weightFormat';

/** ONNX models, with their data inside or beside them. Names in a folder: those that optimum exports. */
export const onnx: WeightFormat = {
  name: 'ONNX',
  engine: 'onnxruntime',
  takes: (fileName) => /\.onnx$/iu.test(fileName),
  inFolder: (names) =>
    firstOf(names, [
      'model.onnx',
      'decoder_model_merged.onnx',
      'decoder_model.onnx',
      'model_quantized.onnx',
      'encoder_model.onnx',
    ]),
  async read(path) {
    const read = await readOnnxFile(path);
    return {
      contents: read.ok
        ? { kind: 'tensors', header: read.value, library: 'onnx' }
        : { kind: 'unreadable', reason: read.reason },
      files: [path],
    };
  },
};

/** The initialisers of an ONNX file. External data is looked at for its size alone. */
export async function readOnnxFile(path: string): Promise<FileRead<WeightHeader>> {
  const read = await readOpenFile(path, async (file) => {
    const outcome = await readOnnx(file);
    return outcome.ok ? { ok: true, value: outcome.contents } : outcome;
  });
  return read.ok ? headerOf(path, read.value) : read;
}

async function headerOf(path: string, contents: OnnxContents): Promise<FileRead<WeightHeader>> {
  const name = basename(path);
  const notes: string[] = [];
  for (const [location, bytes] of contents.external) {
    const place = normalize(location);
    if (isAbsolute(place) || place === '..' || place.startsWith(`..${sep}`))
      return { ok: false, reason: `${name}: names external data at ${shown(location)}, outside its folder` };
    const status = await stat(join(dirname(path), place)).catch(() => null);
    if (status?.isFile() !== true) notes.push(`its data ${shown(location)} is not there`);
    else if (status.size < bytes)
      notes.push(`its data ${shown(location)} ends ${bytes - status.size} bytes early`);
  }
  if (contents.empty > 0) notes.push(`${contents.empty} tensors of ${name} hold no data`);
  const { tensors } = contents;
  const whole = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const integers = tensors.reduce(
    (sum, { dtype, bytes }) => sum + (dtype !== null && /^[iu]/u.test(dtype) ? bytes : 0),
    0,
  );
  if (integers * 4 > whole)
    notes.push(
      `${integers} of its ${whole} bytes are integers: quantised weights are not counted as parameters`,
    );
  return {
    ok: true,
    value: {
      tensors,
      totalBytes: whole,
      source: name,
      complete: contents.empty === 0 && !notes.some((note) => note.startsWith('its data')),
      ...(notes.length > 0 ? { notes } : {}),
    },
  };
}
