import { Command } from 'commander';

/** Subcommands, one file each. */
const registrations: readonly ((program: Command) => void)[] = [];

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('rooflens').description('Will it fit, how fast will it be, is a CPU enough?');
  for (const register of registrations) register(program);
  await program.parseAsync(argv);
}

void main(process.argv);
