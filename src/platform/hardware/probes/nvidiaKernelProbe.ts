import {
  parseNvidiaProcInformation,
  parseNvidiaProcVersion,
} from '../../../core/hardware/parsers/nvidiaProc';
import type { NvidiaProcGpu } from '../../../core/hardware/parsers/nvidiaProc';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';

/** What the NVIDIA kernel module shows without any tool. */
export interface NvidiaKernel {
  readonly driver: string | null;
  readonly gpus: readonly NvidiaProcGpu[];
  /** Whether a GPU's device file can be seen here. */
  readonly deviceFiles: boolean;
}

export const nvidiaKernelProbe: HardwareProbe<NvidiaKernel> = {
  name: 'nvidia kernel module',
  async read(port) {
    const version = await port.text('/proc/driver/nvidia/version');
    const deviceFiles =
      (await port.exists('/dev/dxg')) || (await port.list('/dev')).some((name) => /^nvidia\d+$/u.test(name));
    const gpus: NvidiaProcGpu[] = [];
    const folder = '/proc/driver/nvidia/gpus';
    for (const address of await port.list(folder)) {
      const gpu = parseNvidiaProcInformation((await port.text(`${folder}/${address}/information`)) ?? '');
      if (gpu !== null) gpus.push({ ...gpu, busId: gpu.busId ?? address });
    }
    const driver = version === null ? null : parseNvidiaProcVersion(version);
    if (version === null && gpus.length === 0 && !deviceFiles) return missing('not loaded');
    return found(
      { driver, gpus, deviceFiles },
      [
        driver === null ? 'version unknown' : `version ${driver}`,
        gpus.map(({ model }) => model).join(', ') || 'no GPU named',
        deviceFiles ? 'device files are here' : 'no device files here',
      ].join('; '),
    );
  },
};
