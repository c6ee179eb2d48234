import { nvidiaNumber, nvidiaText } from './nvidiaSmiQuery';

/** Fields of the query; the name is last because it may hold commas. */
export const computeAppFields = ['gpu_uuid', 'pid', 'used_gpu_memory', 'process_name'] as const;

export interface NvidiaProcess {
  readonly gpuUuid: string;
  readonly pid: number;
  /** null where the driver does not tell per process (Windows' WDDM). */
  readonly usedMiB: number | null;
  readonly name: string;
}

/** `nvidia-smi --query-compute-apps=gpu_uuid,pid,used_gpu_memory,process_name --format=csv,noheader,nounits`. */
export function parseNvidiaComputeApps(text: string): NvidiaProcess[] {
  const processes: NvidiaProcess[] = [];
  for (const line of text.split(/\r?\n/u)) {
    const match = /^\s*([^,]+),\s*(\d{1,9}),\s*([^,]*),\s*(.*?)\s*$/u.exec(line);
    if (match === null) continue;
    const gpuUuid = nvidiaText(match[1]);
    if (gpuUuid === null) continue;
    processes.push({
      gpuUuid,
      pid: Number(match[2]),
      usedMiB: nvidiaNumber(match[3]),
      name: nvidiaText(match[4]) ?? '',
    });
  }
  return processes;
}
