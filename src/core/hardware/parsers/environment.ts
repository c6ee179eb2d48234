/** What tells where a process runs: files that exist and texts that were read (null = not there). */
export interface EnvironmentFacts {
  readonly platform: string;
  /** `/proc/sys/kernel/osrelease` or `/proc/version`. */
  readonly kernel: string | null;
  /** `/proc/1/cgroup` */
  readonly initCgroup: string | null;
  /** Those of `/.dockerenv`, `/run/.containerenv` that exist. */
  readonly markers: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Whether this is a container: a marker file of Docker or Podman, a pod's variables, or the init process in such a cgroup. */
export function inContainer(facts: EnvironmentFacts): boolean {
  const { environment } = facts;
  return (
    facts.markers.length > 0 ||
    (environment['KUBERNETES_SERVICE_HOST'] ?? '') !== '' ||
    (environment['container'] ?? '') !== '' ||
    /\/(?:docker|kubepods|libpod|lxc|containerd)\b|\bkubepods\b/u.test(facts.initCgroup ?? '')
  );
}

/** Whether this is Linux under Windows: its kernel says so. */
export function inWsl(facts: EnvironmentFacts): boolean {
  return facts.platform === 'linux' && /microsoft/iu.test(facts.kernel ?? '');
}

/** Commands of Slurm that a login node has. */
export const slurmCommands = ['sinfo', 'scontrol'] as const;

/**
 * Whether this is the login node of a cluster: Slurm's commands are there, but this is no job of it and there is no GPU.
 * Nothing heavy runs on one, and no scheduler is polled.
 */
export function isLoginNode(
  commands: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  hasGpu: boolean,
): boolean {
  const inJob = (environment['SLURM_JOB_ID'] ?? environment['SLURM_JOBID'] ?? '') !== '';
  return slurmCommands.some((command) => commands.includes(command)) && !inJob && !hasGpu;
}
