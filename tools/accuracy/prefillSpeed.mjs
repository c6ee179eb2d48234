// prefill_speed.csv: reading a prompt.
import { speedRow } from './speedRows.mjs';

export function readRow(core, row) {
  if ((Number(row.context_depth_start) || 0) > 0) return { skip: 'starts at depth' };
  if ((Number(row.batch) || 1) > 1) return { skip: 'a batch of prompts' };
  const read = speedRow(core, row, { prompt: Number(row.n_prompt), batch: 1 });
  if (read.skip !== undefined) return read;
  return {
    ...read,
    label: `${row.model} ${row.quant} ${row.n_prompt} tokens (${row.backend})`,
    measured: Number(row.tok_s),
    figure: (_, speed) => speed.phases.find((phase) => phase.name === 'prefill')?.perSecond ?? null,
  };
}
