// Dots for people, and the counts in the file that ROOFLENS_TEST_COUNTS names for tools/test.mjs.
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class CountingReporter extends reporters.Dot {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(
        process.env.ROOFLENS_TEST_COUNTS,
        JSON.stringify({ passed: passes, failed: failures, pending }),
      );
    });
  }
};
