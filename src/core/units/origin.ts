/** Where a value comes from, from the surest to the least sure. */
export type Origin =
  | 'exact' // header bytes, tensor shapes, the text of the file itself
  | 'measured' // by a benchmark on this machine
  | 'reported' // a driver or tool said so
  | 'formula' // follows from known values by a sourced formula
  | 'catalogue' // a table of published figures
  | 'default' // the framework's own default
  | 'assumed'; // none of the above: said, and the Range is wide

const order: readonly Origin[] = [
  'exact',
  'measured',
  'reported',
  'formula',
  'catalogue',
  'default',
  'assumed',
];

/** The weakest of several origins: what a value computed from all of them may claim. */
export function weakest(...origins: readonly Origin[]): Origin {
  let worst = 0;
  for (const origin of origins) worst = Math.max(worst, order.indexOf(origin));
  return order[worst] ?? 'assumed';
}
