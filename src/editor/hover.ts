import * as vscode from 'vscode';
import type { WhatIf } from '../core/finding/analysis';
import { hoverText } from '../core/finding/hoverText';
import type { TextEdit } from '../core/units/span';
import { commands } from './contributions';
import { internalCommands, selector } from './selector';
import { toRange } from './conversions';
import type { DocumentAnalysis } from './documentAnalysis';

/** What `applyEdits` is called with: edits are good for one version of a document. */
export interface ApplyArguments {
  readonly uri: string;
  readonly version: number;
  readonly edits: readonly TextEdit[];
}

/** What a key costs, and what its neighbouring values would; each of them is a link that writes it. */
export class Hovers implements vscode.HoverProvider, vscode.Disposable {
  private readonly registration = vscode.languages.registerHoverProvider(selector, this);

  constructor(private readonly analyses: DocumentAnalysis) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | null> {
    const { version } = document;
    const whatIf = await this.analyses.whatIf(document, document.offsetAt(position));
    if (whatIf === null || token.isCancellationRequested || document.version !== version) return null;
    return new vscode.Hover(markdown(whatIf, document), toRange(document, whatIf.span));
  }

  dispose(): void {
    this.registration.dispose();
  }
}

function markdown(whatIf: WhatIf, document: vscode.TextDocument): vscode.MarkdownString {
  const uri = document.uri.toString();
  const text = hoverText(whatIf, {
    apply: ({ edits }) =>
      edits === null ? null : link(internalCommands.applyEdits, { uri, version: document.version, edits }),
    explain: link(commands.explain, uri),
  });
  const result = new vscode.MarkdownString(text);
  result.isTrusted = { enabledCommands: [internalCommands.applyEdits, commands.explain] };
  return result;
}

function link(command: string, argument: ApplyArguments | string): string {
  return `command:${command}?${encodeURIComponent(JSON.stringify([argument])).replace(/[()]/g, escape)}`;
}

/** `encodeURIComponent` leaves parentheses, which would end a Markdown link. */
function escape(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`;
}
