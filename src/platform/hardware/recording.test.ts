import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../test/fakeTool';
import { recordedPort, RecordingError } from './recording';

function recording(manifest: unknown, files: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'manifest.json'),
    typeof manifest === 'string' ? manifest : JSON.stringify(manifest),
  );
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe('recordedPort', () => {
  it('answers with what was recorded, and nothing else', async () => {
    const folder = recording(
      [
        { probe: 'meminfo', path: '/proc/meminfo', exit: 0, stdoutFile: 'a', stderrFile: null },
        { probe: 'x', path: '/dev/', exit: 0, stdoutFile: 'b', stderrFile: null },
        { probe: 'x', path: '/dev/dxg', exit: 1, stdoutFile: null, stderrFile: null },
        {
          probe: 'x',
          argv: ['printenv', 'CUDA_VISIBLE_DEVICES'],
          exit: 0,
          stdoutFile: 'c',
          stderrFile: null,
        },
        { probe: 'x', argv: ['/usr/bin/nvidia-smi', '-L'], exit: 6, stdoutFile: 'd', stderrFile: 'e' },
      ],
      { a: 'MemTotal: 1 kB', b: 'null\nnvidia0', c: '', d: 'out', e: 'err' },
    );
    const port = (await recordedPort(folder))('x');
    assert.equal(await port.text('/proc/meminfo'), 'MemTotal: 1 kB');
    assert.equal(await port.text('/proc/version'), null);
    assert.deepEqual(await port.list('/dev'), ['null', 'nvidia0']);
    assert.deepEqual(await port.list('/sys'), []);
    assert.equal(await port.exists('/dev/dxg'), false);
    assert.equal(port.variable('CUDA_VISIBLE_DEVICES'), '');
    assert.equal(port.variable('HOME'), undefined);
    assert.equal(await port.find('nvidia-smi'), '/usr/bin/nvidia-smi');
    assert.equal(await port.find('ls'), null);
    assert.deepEqual(await port.run('/elsewhere/nvidia-smi', ['-L'], 1), {
      argv: ['/usr/bin/nvidia-smi', '-L'],
      outcome: 'exited',
      exit: 6,
      stdout: 'out',
      stderr: 'err',
    });
    assert.equal((await port.run('/bin/ls', [], 1)).outcome, 'not-found');
    assert.equal(await port.facts(['node', 'os'], () => Promise.reject(new Error('ran'))), null);
  });

  it('says what is wrong with a folder that is no recording', async () => {
    const cases: readonly (readonly [folder: string, message: RegExp])[] = [
      [temporaryFolder(), /manifest\.json cannot be read/u],
      [recording('{'), /is no JSON/u],
      [recording({}), /is no list/u],
      [recording([{ probe: 'x' }]), /entry 0 needs/u],
      [
        recording([{ probe: 'x', path: '/a', exit: 0, stdoutFile: 'gone', stderrFile: null }]),
        /cannot be read/u,
      ],
      [
        recording([{ probe: 'x', path: '/a', exit: 0, stdoutFile: '../../etc/passwd', stderrFile: null }]),
        /which is not in/u,
      ],
      [
        recording([{ probe: 'x', path: '/a', exit: 0, stdoutFile: '/etc/passwd', stderrFile: null }]),
        /which is not in/u,
      ],
    ];
    for (const [folder, message] of cases)
      await assert.rejects(recordedPort(folder), (error) => {
        assert.ok(error instanceof RecordingError);
        assert.match(error.message, message);
        return true;
      });
  });
});
