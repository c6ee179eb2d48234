import type { NvidiaGpu } from './nvidiaSmiQuery';

/** Names of parts whose GPU and CPU use one memory. */
const unifiedNames = /\bGB10\b|\bnvgpu\b|\bThor\b|\bXavier\b|\bN1X\b/u;

/**
 * Whether a GPU that nvidia-smi lists has no memory of its own. By name; or because it answers and reports no memory at all;
 * or because its "total" is that of the host. GH200 and GB200 are none: they report their HBM, whatever their addressing mode.
 * A lost device or one that this user may not ask also reports no memory, but then no utilisation and no compute capability
 * either: that is an error, not a unified part.
 * @param hostBytes MemTotal of the host; null when unknown
 */
export function isUnifiedNvidia(gpu: NvidiaGpu, hostBytes: number | null): boolean {
  if (unifiedNames.test(gpu.name)) return true;
  if (gpu.totalMiB === null) return gpu.computeCapability !== null && gpu.utilisationPercent !== null;
  return (
    hostBytes !== null &&
    gpu.reservedMiB === null &&
    gpu.totalMiB * 2 ** 20 >= 0.9 * hostBytes &&
    gpu.totalMiB * 2 ** 20 <= 1.01 * hostBytes
  );
}
