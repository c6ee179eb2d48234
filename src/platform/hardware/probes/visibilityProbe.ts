import { found } from '../probe';
import type { HardwareProbe } from '../probe';

/** Variables that hide devices from processes; undefined = not set. */
export interface VisibilityVariables {
  readonly cuda: string | undefined;
  readonly amd: string | undefined;
  /** What a container was started with. */
  readonly nvidiaContainer: string | undefined;
}

/** What the environment hides. A terminal of the user may have other values: it is said, so that nobody is puzzled. */
export const visibilityProbe: HardwareProbe<VisibilityVariables> = {
  name: 'visibility variables',
  read(port) {
    const first = (names: readonly string[]): string | undefined => {
      for (const name of names) {
        const value = port.variable(name);
        if (value !== undefined) {
          set.push(`${name}=${value}`);
          return value;
        }
      }
      return undefined;
    };
    const set: string[] = [];
    const variables = {
      cuda: first(['CUDA_VISIBLE_DEVICES']),
      amd: first(['ROCR_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL']),
      nvidiaContainer: first(['NVIDIA_VISIBLE_DEVICES']),
    };
    return Promise.resolve(found(variables, set.join(' ') || 'none is set'));
  },
};
