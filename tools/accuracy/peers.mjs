// What models consist of, by several tools on the same models: a part of docs/accuracy.md. The others' figures are recorded
// (tools/oracle/peers/run.sh); ours are computed now, from the configs alone.
import { readFileSync } from 'node:fs';

/** Rows of the recording, each with our figures beside it: parameters, bytes as the config stores them, bytes of a BF16 GGUF file. */
export function peerRows(core) {
  const { versions, answers } = JSON.parse(readFileSync('test/fixtures/oracle/peers.json', 'utf8'));
  const rows = answers.map((answer) => {
    const outcome = core.blueprintFromConfig(answer.config);
    if (!outcome.ok) throw new Error(`${answer.id}: ${outcome.reason}`);
    const { blueprint } = outcome;
    return {
      ...answer,
      ours: {
        parameters: core.parameterCount(blueprint),
        bytes: core.weightBytes(blueprint, blueprint.quantization).total,
      },
      oursGguf: { bytes: core.weightBytes(blueprint, { method: 'gguf', type: 'BF16' }).total },
    };
  });
  return { versions, rows };
}

export function peersPage({ versions, rows }) {
  return [
    '',
    '## Beside other tools',
    '',
    `The same ${rows.length} models, asked of hf-mem ${versions['hf-mem']}, accelerate estimate-memory ${versions.accelerate} and gguf-parser-go ${versions['gguf-parser-go']}.`,
    `The truth is the class itself, instantiated by transformers ${versions.transformers} without memory; from it come a checkpoint as the library saves`,
    "it and the 16-bit GGUF file that llama.cpp's converter makes, headers only. Rooflens reads the `config.json` alone; accelerate does too, hf-mem reads",
    "the checkpoint's header, gguf-parser-go the GGUF file's. In brackets the difference from the truth; `=` is none.",
    'accelerate instantiates the base class, without the head for the task, and counts buffers that are not saved.',
    '',
    '### Parameters',
    '',
    '| model | truth | Rooflens | hf-mem | accelerate | GGUF file | gguf-parser-go |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map((row) =>
      line([
        row.id,
        count(row.library.parameters),
        beside(row.ours, row.library, 'parameters', count),
        beside(row['hf-mem'], row.library, 'parameters', count),
        beside(row.accelerate, row.library, 'parameters', count),
        'refused' in row.gguf ? 'no such converter' : count(row.gguf.parameters),
        'refused' in row.gguf ? '–' : beside(row['gguf-parser-go'], row.gguf, 'parameters', count),
      ]),
    ),
    '',
    '### Weight bytes',
    '',
    'Of the checkpoint in the dtype of the config, and of the GGUF file in BF16 (norms in F32; gpt-oss keeps its MXFP4 experts; of multimodal models the language model).',
    '',
    '| model | truth | Rooflens | hf-mem | accelerate | GGUF file | Rooflens | gguf-parser-go |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map((row) => {
      const file = 'refused' in row.gguf ? null : row.gguf;
      return line([
        row.id,
        bytes(row.library.bytes),
        beside(row.ours, row.library, 'bytes', bytes),
        beside(row['hf-mem'], row.library, 'bytes', bytes),
        beside(row.accelerate, row.library, 'bytes', bytes),
        file === null ? 'no such converter' : bytes(file.bytes),
        file === null ? '–' : beside(row.oursGguf, file, 'bytes', bytes),
        file === null ? '–' : beside(row['gguf-parser-go'], file, 'bytes', bytes),
      ]);
    }),
  ];
}

const line = (cells) => `| ${cells.join(' | ')} |`;
const count = (value) => `${(value / 1e6).toLocaleString('en', { maximumFractionDigits: 2 })} M`;
const bytes = (value) => `${(value / 2 ** 30).toLocaleString('en', { maximumFractionDigits: 3 })} GiB`;

function beside(answer, truth, field, shown) {
  if ('refused' in answer) return /allocate memory/.test(answer.refused) ? 'out of memory' : 'refused';
  const error = answer[field] / truth[field] - 1;
  if (error === 0) return '=';
  const percent =
    Math.abs(error) < 5e-5 ? '< 0.01' : `${error < 0 ? '−' : '+'}${Math.abs(error * 100).toFixed(2)}`;
  return `${shown(answer[field])} (${percent} %)`;
}
