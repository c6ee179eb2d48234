import assert from 'node:assert/strict';
import fc from 'fast-check';
import { trackSpan } from './trackedSpan';

describe('trackSpan', () => {
  const span = { start: 10, end: 20 };

  it('moves with what is typed before it', () => {
    assert.deepEqual(trackSpan(span, [{ offset: 3, removed: 0, added: 5 }]), { start: 15, end: 25 });
    assert.deepEqual(trackSpan(span, [{ offset: 3, removed: 4, added: 1 }]), { start: 7, end: 17 });
  });

  it('stays where it is when something behind it changes', () => {
    assert.deepEqual(trackSpan(span, [{ offset: 20, removed: 2, added: 9 }]), span);
  });

  it('shrinks and grows with what changes inside it', () => {
    assert.deepEqual(trackSpan(span, [{ offset: 12, removed: 3, added: 0 }]), { start: 10, end: 17 });
    assert.deepEqual(trackSpan(span, [{ offset: 12, removed: 0, added: 3 }]), { start: 10, end: 23 });
  });

  it('follows the text: what is marked is found again wherever the rest changes', () => {
    const text = fc.string({ maxLength: 20 });
    fc.assert(
      fc.property(text, text, text, text, (before, after, newBefore, newAfter) => {
        const marked = '«key»';
        const start = before.length;
        const changes = [
          { offset: start + marked.length, removed: after.length, added: newAfter.length },
          { offset: 0, removed: before.length, added: newBefore.length },
        ].filter(({ removed, added }) => removed + added > 0);
        const now = trackSpan({ start, end: start + marked.length }, changes);
        assert.equal((newBefore + marked + newAfter).slice(now.start, now.end), marked);
      }),
    );
  });
});
