import * as vscode from 'vscode';
import { closeEditors, eventually, openText } from './support';

describe('the schema of job documents', () => {
  afterEach(closeEditors);

  it('is applied by the editor to *.rooflens.json', async () => {
    const { document } = await openText('schema/wrong.rooflens.json', '{ "schema": 1, "task": "generat" }');
    await eventually(
      'the editor says that the task is not one of those allowed',
      () => vscode.languages.getDiagnostics(document.uri).map(({ message }) => message),
      (messages) => messages.some((message) => message.includes('"generate"')),
    );
  });
});
