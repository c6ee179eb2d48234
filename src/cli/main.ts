import { Command } from 'commander';
import { registerBench } from './bench';
import { registerCheck } from './check';
import { registerEstimate } from './estimate';
import { endingOf, oneLine } from './failure';
import { registerHardware } from './hardware';
import { printMessage } from './output';
import { registerTensors } from './tensors';

/** Subcommands, one file each. */
const registrations: readonly ((program: Command) => void)[] = [
  registerHardware,
  registerBench,
  registerTensors,
  registerEstimate,
  registerCheck,
];

/** Runs one command line and sets the exit code; a command that found something (`check`) sets it itself. */
async function main(argv: readonly string[]): Promise<void> {
  // Subcommands inherit both settings, so they come before the registrations.
  const program = new Command('rooflens')
    .description('Will it fit, how fast will it be, is a CPU enough?')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(`rooflens: ${oneLine(text).replace(/^error: /u, '')}\n`),
    });
  for (const register of registrations) register(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    const { code, line } = endingOf(error);
    if (line !== null) printMessage(line);
    process.exitCode = code;
  }
}

// A reader that closes the pipe early (`| head`) has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

void main(process.argv);
