import { appendFileSync } from 'node:fs';

/** What the host tells the runner outside, one JSON value on a line of the file that ROOFLENS_HOST_RESULTS names. */
type HostEvent =
  | { readonly event: 'pass'; readonly title: string; readonly milliseconds: number }
  | { readonly event: 'pending'; readonly title: string }
  | { readonly event: 'fail'; readonly title: string; readonly message: string }
  | { readonly event: 'note'; readonly text: string }
  | { readonly event: 'end' };

/** Tells the runner. */
export function report(event: HostEvent): void {
  const results = process.env['ROOFLENS_HOST_RESULTS'];
  if (results === undefined) throw new Error('ROOFLENS_HOST_RESULTS names no file for the results');
  appendFileSync(results, `${JSON.stringify(event)}\n`);
}
