import { shown } from '../model/configReader';
import type { Span } from '../units/span';
import type { SettingProblem } from './job';

interface Place {
  readonly keySpan: Span | null;
  readonly valueSpan: Span | null;
}

/** A value that cannot be right, by key, value and expectation. */
export function impossibleValue(key: string, value: unknown, expected: string, place: Place): SettingProblem {
  return { code: 'impossible-value', message: `${key} is ${display(value)}, expected ${expected}`, ...place };
}

/** Settings that the framework refuses together, or one of which undoes the other. */
export function contradiction(message: string, place: Place): SettingProblem {
  return { code: 'contradictory-settings', message, ...place };
}

function display(value: unknown): string {
  if (value === null) return 'empty';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return shown(value);
}
