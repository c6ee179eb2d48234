/** One MIG instance as `nvidia-smi -L` lists it under its GPU. */
export interface NvidiaMigListing {
  /** `3g.40gb`; with several compute instances in one GPU instance `1c.3g.71gb`. */
  readonly profile: string;
  /** Number within the GPU, as in the blocks of `nvidia-smi -q`. */
  readonly index: number;
  readonly uuid: string;
}

export interface NvidiaListing {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly migDevices: readonly NvidiaMigListing[];
}

/** `nvidia-smi -L`: a line a GPU, and below it, indented, a line a MIG instance. */
export function parseNvidiaList(text: string): NvidiaListing[] {
  const gpus: (Omit<NvidiaListing, 'migDevices'> & { migDevices: NvidiaMigListing[] })[] = [];
  for (const line of text.split(/\r?\n/u)) {
    const gpu = /^GPU (\d{1,4}): (.+?) \(UUID: ([^)\s]+)\)\s*$/u.exec(line);
    if (gpu !== null) {
      gpus.push({ index: Number(gpu[1]), name: gpu[2] ?? '', uuid: gpu[3] ?? '', migDevices: [] });
      continue;
    }
    const mig = /^\s+MIG (\S+)\s+Device\s+(\d{1,4}): \(UUID: ([^)\s]+)\)\s*$/u.exec(line);
    if (mig !== null)
      gpus.at(-1)?.migDevices.push({ profile: mig[1] ?? '', index: Number(mig[2]), uuid: mig[3] ?? '' });
  }
  return gpus;
}

/**
 * The part of the GPU's compute slices that a profile has: `3g.40gb` has 3 of 7, `1c.3g.71gb` 1 of 7. null for other text.
 * (A GPU has seven compute slices on every part that has MIG at all, A30 with its four apart.)
 */
export function migComputeShare(profile: string, slices = 7): number | null {
  const match = /^(?:(\d)c\.)?(\d)g\.\d+gb/u.exec(profile);
  if (match === null) return null;
  const share = Number(match[1] ?? match[2]) / slices;
  return share > 0 && share <= 1 ? share : null;
}
