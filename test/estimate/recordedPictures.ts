import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageSettings } from '../../src/core/job/jobDocument';

/** A run of a part of a pipeline on tensors without memory (tools/oracle/diffusion_memory.py). */
export interface RecordedPicture {
  readonly config: Readonly<Record<string, unknown>>;
  readonly settings: {
    readonly width: number;
    readonly height: number;
    readonly frames: number | null;
    readonly batch: number;
    readonly text?: number;
    readonly tiling?: boolean;
  };
  /** Most bytes alive at once. */
  readonly peak: number;
  readonly operations: number;
}

export function recordedPictures(): readonly RecordedPicture[] {
  const text = readFileSync(join('test', 'fixtures', 'diffusion-memory.json'), 'utf8');
  return (JSON.parse(text) as { readonly rows: readonly RecordedPicture[] }).rows;
}

/** Everything as the pipeline itself does. */
export const asThePipeline: ImageSettings = {
  width: null,
  height: null,
  frames: null,
  steps: null,
  batch: 1,
  vaeTiling: false,
  offload: 'none',
};
