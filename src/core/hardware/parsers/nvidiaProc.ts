/** `/proc/driver/nvidia/gpus/<bus id>/information`: what the kernel module says without any tool. */
export interface NvidiaProcGpu {
  readonly model: string;
  readonly uuid: string | null;
  readonly busId: string | null;
}

/** Lines `Key: \t value`. null when there is no model. */
export function parseNvidiaProcInformation(text: string): NvidiaProcGpu | null {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/u)) {
    const match = /^([^:]+):\s*(.*?)\s*$/u.exec(line);
    if (match !== null) values.set((match[1] ?? '').trim(), match[2] ?? '');
  }
  const model = values.get('Model') ?? '';
  if (model === '' || model === 'Unknown') return null;
  const uuid = values.get('GPU UUID') ?? '';
  return {
    model,
    // A driver that has not initialised the device prints question marks.
    uuid: uuid === '' || uuid.includes('?') ? null : uuid,
    busId: values.get('Bus Location') ?? null,
  };
}

/** Version of the kernel module from `/proc/driver/nvidia/version`: `… Kernel Module  590.48.01  …`. */
export function parseNvidiaProcVersion(text: string): string | null {
  return /Kernel Module(?: for \S+)?\s+(\d+\.\d+(?:\.\d+)?)\b/u.exec(text)?.[1] ?? null;
}
