/** A GPU of a Mac. */
export interface AppleDisplay {
  /** `Apple M3 Max`, `AMD Radeon Pro 5500M` */
  readonly model: string;
  readonly gpuCores: number | null;
  /** Own memory, bytes; null for Apple's own parts, which have none. */
  readonly vramBytes: number | null;
}

/** `system_profiler SPDisplaysDataType -json`. Unreadable text gives an empty list. */
export function parseSystemProfiler(text: string): AppleDisplay[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return [];
  }
  const list = field(document, 'SPDisplaysDataType');
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown): AppleDisplay[] => {
    const model = field(item, 'sppci_model');
    if (typeof model !== 'string' || model === '') return [];
    const cores = field(item, 'sppci_cores');
    return [
      {
        model,
        gpuCores: typeof cores === 'string' && /^\d{1,4}$/u.test(cores) ? Number(cores) : null,
        vramBytes: vram(field(item, 'spdisplays_vram')),
      },
    ];
  });
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** `8 GB`, `1536 MB` */
function vram(value: unknown): number | null {
  const match = typeof value === 'string' ? /^(\d{1,6}) (GB|MB)$/u.exec(value) : null;
  return match === null ? null : Number(match[1]) * (match[2] === 'GB' ? 2 ** 30 : 2 ** 20);
}
