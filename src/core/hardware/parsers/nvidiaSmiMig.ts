import { nvidiaNumber } from './nvidiaSmiQuery';

/** Memory of one MIG instance, MiB. Compute instances of one GPU instance share it. */
export interface NvidiaMigMemory {
  /** Bus id of the GPU. */
  readonly busId: string;
  readonly index: number;
  readonly gpuInstance: number | null;
  readonly totalMiB: number | null;
  readonly reservedMiB: number | null;
  readonly usedMiB: number | null;
  readonly freeMiB: number | null;
}

/**
 * The `MIG Device` blocks of `nvidia-smi -q`: lines `key : value`, nested by four blanks. Only these blocks tell the memory of
 * an instance; `--query-gpu` lists the whole GPU.
 */
export function parseNvidiaMigBlocks(text: string): NvidiaMigMemory[] {
  const blocks: { -readonly [K in keyof NvidiaMigMemory]: NvidiaMigMemory[K] }[] = [];
  let busId = '';
  let blockIndent = -1;
  let inMemory = false;
  for (const line of text.split(/\r?\n/u)) {
    if (line.trim() === '') continue;
    const indent = line.length - line.trimStart().length;
    const gpu = /^GPU ([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.\d)/u.exec(line);
    if (gpu !== null) {
      busId = gpu[1] ?? '';
      blockIndent = -1;
      continue;
    }
    if (line.trim() === 'MIG Device') {
      blockIndent = indent;
      inMemory = false;
      blocks.push({
        busId,
        index: -1,
        gpuInstance: null,
        totalMiB: null,
        reservedMiB: null,
        usedMiB: null,
        freeMiB: null,
      });
      continue;
    }
    const block = blocks.at(-1);
    if (blockIndent === -1 || block === undefined) continue;
    if (indent <= blockIndent) {
      blockIndent = -1;
      continue;
    }
    const [key = '', value] = line.split(/\s+:\s+/u).map((part) => part.trim());
    if (value === undefined) {
      inMemory = /^(?:Shared )?FB Memory Usage$/u.test(key);
      continue;
    }
    if (key === 'Index') block.index = nvidiaNumber(value) ?? -1;
    else if (key === 'GPU Instance ID') block.gpuInstance = nvidiaNumber(value);
    else if (inMemory && key === 'Total') block.totalMiB = nvidiaNumber(value);
    else if (inMemory && key === 'Reserved') block.reservedMiB = nvidiaNumber(value);
    else if (inMemory && key === 'Used') block.usedMiB = nvidiaNumber(value);
    else if (inMemory && key === 'Free') block.freeMiB = nvidiaNumber(value);
  }
  return blocks.filter(({ index }) => index >= 0);
}
