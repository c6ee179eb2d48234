import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { createMask } from './masking';

const uuidA = '8932f937-d72c-4106-c12f-20bd9faed9f6';
const uuidB = '11111111-d72c-4106-c12f-20bd9faed9f6';

describe('createMask', () => {
  it('keeps devices apart and the same device the same', () => {
    const mask = createMask({ users: [], hosts: [] });
    assert.equal(
      mask.text(`0, GPU-${uuidA}\n1, GPU-${uuidB}\n0, GPU-${uuidA}`),
      '0, GPU-00000000-0000-0000-0000-000000000000\n1, GPU-00000000-0000-0000-0000-000000000001\n0, GPU-00000000-0000-0000-0000-000000000000',
    );
    assert.equal(mask.text('CUDA=GPU-11111111'), 'CUDA=GPU-00000000-0000-0000-0000-000000000001');
  });

  it('takes out serial numbers, long ids, users and hosts', () => {
    const mask = createMask({ users: ['alice'], hosts: ['wks-042'] });
    assert.equal(
      mask.text('    Serial Number                         : 1562922000123'),
      '    Serial Number                         : masked',
    );
    assert.equal(mask.text('{"serial":"C02XK1ABCD"}'), '{"serial":"masked"}');
    assert.equal(mask.text('unique_id 10645161697164847644'), 'unique_id 0');
    assert.equal(mask.text(`0::/docker/${'0a'.repeat(32)}`), '0::/docker/id0');
    assert.equal(
      mask.text('/home/bob/x /Users/bob/y C:\\Users\\bob\\z'),
      '/home/user/x /Users/user/y C:\\Users\\user\\z',
    );
    assert.equal(mask.text('alice@wks-042: alices'), 'user@host: alices');
    assert.equal(mask.text('/user.slice/user-1234.slice/x'), '/user.slice/user-1000.slice/x');
  });

  it('leaves figures and flags alone', () => {
    const mask = createMask({ users: ['root', 'a'], hosts: ['localhost'] });
    for (const text of [
      'flags\t: serialize tsxldtrk amx_bf16',
      '0, [N/A], NVIDIA H100 80GB HBM3, 00000000:00:09.0, 590.48.01, 9.0, 81559',
      '0-1\n',
      '/sys/fs/cgroup/root',
      '9223372036854771712',
    ])
      assert.equal(mask.text(text), text);
  });

  it('masks data inside and out, and once is enough', () => {
    const mask = createMask({ users: ['alice'], hosts: [] });
    const masked = mask.data({
      id: `GPU-${uuidA}`,
      list: [{ name: '/home/alice/run' }],
      bytes: 7,
      none: null,
    });
    assert.deepEqual(masked, {
      id: 'GPU-00000000-0000-0000-0000-000000000000',
      list: [{ name: '/home/user/run' }],
      bytes: 7,
      none: null,
    });
    fc.assert(
      fc.property(fc.uuid(), fc.string(), (id, text) => {
        const once = createMask({ users: [], hosts: [] }).text(`${text} GPU-${id} ${text}`);
        assert.ok(!once.includes(id) || id.startsWith('00000000-0000-0000-0000'), once);
      }),
    );
  });
});
