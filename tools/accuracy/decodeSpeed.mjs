// decode_speed.csv: single-stream decoding.
import { speedRow } from './speedRows.mjs';

export function readRow(core, row) {
  const start = Number(row.context_depth_start || 0) || 0;
  const generated = Number(row.n_gen || 128) || 128;
  const prompt = Number.isNaN(Number(row.n_prompt)) ? 64 : Number(row.n_prompt || 0);
  const depth = start + prompt + Math.round(generated / 2);
  const read = speedRow(core, row, { prompt: depth, batch: Number(row.batch || 1) || 1 });
  if (read.skip !== undefined) return read;
  return {
    ...read,
    label: `${row.model} ${row.quant} at ${depth} (${row.backend})`,
    measured: Number(row.tok_s),
    figure: (_, speed) => speed.phases.find((phase) => phase.name === 'decode')?.perSecond ?? null,
  };
}
