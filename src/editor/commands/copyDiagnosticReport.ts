import * as vscode from 'vscode';
import { detectOptions } from '../settings';
import { waitsForTrust } from '../trust';
import { information, warning } from './command';
import type { Command } from './command';

/** Copies what a bug report needs: versions, the hardware as detected and every probe, names and serial numbers masked. */
export const copyDiagnosticReport: Command = async (services) => {
  const waits = waitsForTrust('Detecting hardware');
  if (waits !== null) return warning(waits);
  const hardware = await services.bundles.hardware().detectHardware({ ...detectOptions(), mask: true });
  const { version } = services.context.extension.packageJSON as { version: string };
  const text = JSON.stringify(
    {
      rooflens: version,
      editor: `${vscode.env.appName} ${vscode.version}`,
      node: process.version,
      hardware,
    },
    null,
    2,
  );
  await vscode.env.clipboard.writeText(text);
  return information('The diagnostic report is in the clipboard; names and serial numbers are masked.');
};
