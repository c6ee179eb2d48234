import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

describe('media/schemas/job.schema.json', () => {
  it('is what the grammar gives (node tools/jobSchema.mjs writes it)', async () => {
    const tool = (await import(pathToFileURL(resolve('tools/jobSchema.mjs')).href)) as {
      jobSchema(): Promise<string>;
    };
    assert.equal(readFileSync('media/schemas/job.schema.json', 'utf8'), await tool.jobSchema());
  });

  it('describes every key', () => {
    const undescribed: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [key, value] of Object.entries(schema)) {
        if (key === 'properties') {
          for (const [name, inner] of Object.entries(value as Record<string, { description?: string }>)) {
            // The items of a quantisation's groups are the checkpoint's own words.
            if (inner.description === undefined && !path.includes('groups'))
              undescribed.push(`${path}.${name}`);
            visit(inner, `${path}.${name}`);
          }
        } else visit(value, path);
      }
    };
    visit(JSON.parse(readFileSync('media/schemas/job.schema.json', 'utf8')), '');
    assert.deepEqual(undescribed, []);
  });
});
