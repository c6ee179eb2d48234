import { slurmCommands } from '../../../core/hardware/parsers/environment';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';

export interface SlurmTraces {
  readonly commands: readonly string[];
  readonly jobId: string | undefined;
}

/** Whether Slurm's commands are here and whether this is a job of it. They are looked for, never run. */
export const slurmProbe: HardwareProbe<SlurmTraces> = {
  name: 'slurm',
  async read(port) {
    const commands: string[] = [];
    for (const command of slurmCommands) if ((await port.find(command)) !== null) commands.push(command);
    const jobId = port.variable('SLURM_JOB_ID') ?? port.variable('SLURM_JOBID');
    if (commands.length === 0 && jobId === undefined) return missing('no commands of Slurm, no job');
    return found(
      { commands, jobId },
      [commands.join(', ') || 'no commands', jobId === undefined ? 'no job' : `in job ${jobId}`].join('; '),
    );
  },
};
