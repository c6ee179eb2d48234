import { inContainer, inWsl } from '../../../core/hardware/parsers/environment';
import { found } from '../probe';
import type { HardwareProbe } from '../probe';

export interface Surroundings {
  readonly container: boolean;
  readonly wsl: boolean;
}

/** Whether this runs in a container or under WSL. Files alone. */
export function environmentProbe(platform: string): HardwareProbe<Surroundings> {
  return {
    name: 'environment',
    async read(port) {
      const markers: string[] = [];
      for (const path of ['/.dockerenv', '/run/.containerenv'])
        if (await port.exists(path)) markers.push(path);
      const facts = {
        platform,
        kernel: await port.text('/proc/sys/kernel/osrelease'),
        initCgroup: await port.text('/proc/1/cgroup'),
        markers,
        environment: {
          KUBERNETES_SERVICE_HOST: port.variable('KUBERNETES_SERVICE_HOST'),
          container: port.variable('container'),
        },
      };
      const surroundings = { container: inContainer(facts), wsl: inWsl(facts) };
      const words = [surroundings.container ? 'container' : null, surroundings.wsl ? 'WSL' : null];
      return found(surroundings, words.filter((word) => word !== null).join(', ') || 'no container');
    },
  };
}
