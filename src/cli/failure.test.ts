import assert from 'node:assert/strict';
import { CommanderError } from 'commander';
import { CliFailure, endingOf } from './failure';

describe('endingOf', () => {
  it('ends with 2 and one line for what the user can put right', () => {
    assert.deepEqual(endingOf(new CliFailure('a.yaml: no such\n file')), {
      code: 2,
      line: 'rooflens: a.yaml: no such file',
    });
  });

  it('leaves usage errors to the line that commander printed', () => {
    assert.deepEqual(endingOf(new CommanderError(1, 'commander.unknownOption', 'unknown option')), {
      code: 2,
      line: null,
    });
    assert.deepEqual(endingOf(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)')), {
      code: 0,
      line: null,
    });
  });

  it('ends with 3 and no stack trace for everything else', () => {
    assert.deepEqual(endingOf(new TypeError('x is not a function')), {
      code: 3,
      line: 'rooflens: internal error: x is not a function',
    });
    assert.equal(endingOf('thrown text').code, 3);
  });
});
