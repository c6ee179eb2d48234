import * as vscode from 'vscode';
import { formatGiB } from '../../core/units/bytes';
import type { Services } from '../services';
import { information, warning } from './command';
import type { Command } from './command';

interface TargetItem extends vscode.QuickPickItem {
  /** In the target grammar; null for a separator and for the item that asks for a name. */
  readonly target: string | null;
}

/** Lets the user pick the hardware that answers are given for, and stores it with the workspace. */
export const chooseTarget: Command = async (services, argument) => {
  // A link may name the target; the lens passes its document, which says nothing about the choice.
  const target = typeof argument === 'string' ? argument : await pick(services);
  if (target === null) return null;
  const valid = await services.bundles.analysis().findTarget(target, {
    machine: await services.machine.machine(),
    choice: 'chosen',
    folder: folder(),
  });
  if (!valid.ok) return warning(valid.message);
  await services.targets.choose(target);
  return information(
    target === 'auto'
      ? 'Answers are for what the file declares, else this machine.'
      : `Answers are for ${valid.target.name} now.`,
  );
};

/** Where the relative path of a hardware document starts. */
function folder(): string {
  const [first] = vscode.workspace.workspaceFolders ?? [];
  return first === undefined ? '/' : first.uri.fsPath;
}

async function pick(services: Services): Promise<string | null> {
  const picked = await vscode.window.showQuickPick(items(services), {
    title: 'Rooflens: hardware to answer for',
    placeHolder: 'A device, or more of them: 2x RTX 4090',
    matchOnDescription: true,
  });
  if (picked === undefined) return null;
  return picked.target ?? (await askForName());
}

async function askForName(): Promise<string | null> {
  const name = await vscode.window.showInputBox({
    title: 'Rooflens: hardware to answer for',
    prompt: 'For example 8x H100 SXM, rtx3090 + rtx3060, M3 Max 64GB, or the path of a hardware document',
  });
  return name === undefined || name.trim() === '' ? null : name.trim();
}

async function items(services: Services): Promise<readonly TargetItem[]> {
  const machine = await services.machine.machine();
  const devices = machine.devices
    .filter(({ visible }) => visible)
    .map(({ name, freeBytes }) => (freeBytes === null ? name : `${name}, ${formatGiB(freeBytes)} GiB free`));
  return [
    {
      target: 'auto',
      label: 'Automatic',
      description: 'what the file declares, else the local GPU, else the CPU',
    },
    { target: null, label: 'Another name…', description: '8x H100 SXM, rtx3090 + rtx3060' },
    separator('This machine'),
    ...(devices.length === 0
      ? []
      : [{ target: 'local', label: '$(chip) This machine', description: devices.join('; ') }]),
    {
      target: 'cpu',
      label: '$(chip) CPU',
      description: `${machine.cpu.model}, ${formatGiB(machine.memory.availableBytes)} GiB available`,
    },
    ...recent(services),
    separator('Catalogue'),
    ...services.bundles
      .analysis()
      .catalogueTargets()
      .map(({ target, detail }) => ({ target, label: target, description: detail })),
  ];
}

function recent(services: Services): readonly TargetItem[] {
  const targets = services.targets.recent;
  return targets.length === 0
    ? []
    : [separator('Recent'), ...targets.map((target) => ({ target, label: target }))];
}

function separator(label: string): TargetItem {
  return { target: null, label, kind: vscode.QuickPickItemKind.Separator };
}
